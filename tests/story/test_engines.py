"""Other resolvers with our exports: each blocks exactly the names that `blockfilter check` blocks.

What a format cannot say is counted in the export, and nothing else may differ.
"""

import json
import subprocess
import sys

import pytest

from blockfilter.catalog import store
from blockfilter.catalog.snapshots import environment
from blockfilter.policy.rule import Action, Mode, Trigger
from tests import engines
from tests.catalogs import laid, rule

# Names with all below, exceptions below them, a block below an exception, names alone.
RULES = {
    store.CURATED: [
        rule("listed.example"),
        rule("with-exception.example"),
        rule("open.with-exception.example")._replace(action=Action.PASSTHRU),
        rule("closed.open.with-exception.example"),
        rule("xn--bcher-kva.example"),
        rule("under_score.example"),
        rule("help.example"),
        rule("deep.deeper.deepest.example"),
        rule("watched.example")._replace(mode=Mode.MONITOR),
        rule(".".join(["long" * 10] * 3) + ".example"),
        rule("example.org"),
    ],
    store.PROTECTED: [rule("line.help.example"), rule("clinic.example")],
    "ads": [
        rule("twice.example"),
        rule("other.with-exception.example"),
        rule("clinic.example"),
    ],
}
ALONE = [
    rule("alone.example")._replace(trigger=Trigger.EXACT),
    rule("www.alone2.example")._replace(trigger=Trigger.EXACT),
]
ASKED = [
    prefix + name
    for name in (
        "listed.example",
        "with-exception.example",
        "open.with-exception.example",
        "closed.open.with-exception.example",
        "other.with-exception.example",
        "xn--bcher-kva.example",
        "under_score.example",
        "help.example",
        "line.help.example",
        "deep.deeper.deepest.example",
        "deeper.deepest.example",
        "watched.example",
        ".".join(["long" * 10] * 3) + ".example",
        "example.org",
        "twice.example",
        "clinic.example",
        "alone.example",
        "alone2.example",
        "www.alone2.example",
        "notlisted.example",
        "listed.example.net",
    )
    for prefix in ("", "www.", "a.b.")
]


def run(*words, code=0):
    ended = subprocess.run(
        [sys.executable, "-m", "blockfilter", *map(str, words)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert ended.returncode == code, ended.stderr
    return ended


class Exports:
    """A catalogue, what check says of names, and its exports."""

    def __init__(self, place, *, alone):
        self.place, self.catalog = place, place / "catalogue"
        rules = {**RULES, store.CURATED: RULES[store.CURATED] + (ALONE if alone else [])}
        self.catalog.mkdir()
        for name, octets in store.initial_files().items():
            (self.catalog / name).write_bytes(octets)
        laid(self.catalog, rules)
        shown = run("check", "--catalog", self.catalog, "--json", *ASKED).stdout
        self.blocked = {
            one["name"] for one in map(json.loads, shown.splitlines()) if one["blocked"]
        }

    def __call__(self, format_):
        path = self.place / f"export.{format_}"
        done = run(
            "list", "export", "--format", format_, "-o", path, "--json", "--catalog", self.catalog
        )
        self.left = {one["reason"]: one["count"] for one in json.loads(done.stdout)["left_out"]}
        return path


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    return Exports(tmp_path_factory.mktemp("exports"), alone=True)


@pytest.fixture(scope="module")
def upstream():
    with engines.upstream() as running:
        yield running


def differing(engine, blocked):
    """Names the engine blocks and check does not, and the other way round."""
    found = {name for name in ASKED if engine.blocks(name)}
    return found - blocked, blocked - found


def test_what_is_asked_is_worth_asking(exports):
    assert 20 < len(exports.blocked) < len(ASKED) - 20
    assert "alone.example" in exports.blocked
    assert "www.alone.example" not in exports.blocked
    assert "line.help.example" not in exports.blocked


@pytest.mark.parametrize(
    ("engine", "format_"),
    [
        (engines.Dnsmasq, "dnsmasq"),
        (engines.Unbound, "unbound"),
        (engines.UnboundRpz, "rpz"),
        (engines.Named, "rpz"),
    ],
    ids=["dnsmasq", "unbound", "unbound with RPZ", "BIND with RPZ"],
)
def test_a_resolver_blocks_exactly_what_check_says(exports, upstream, tmp_path, engine, format_):
    path = exports(format_)
    with engine(tmp_path, path, upstream.address) as running:
        assert differing(running, exports.blocked) == (set(), set())
    assert list(exports.left) == ["rules in monitor mode, which block nothing"]


def test_a_hosts_file_blocks_the_names_it_has_and_counts_what_is_below(exports, upstream, tmp_path):
    path = exports("hosts")
    with engines.DnsmasqHosts(tmp_path, path, upstream.address) as running:
        more, less = differing(running, exports.blocked)
    assert more == set()
    assert less
    assert all(name.startswith(("www.", "a.b.")) for name in less)
    assert sum(exports.left.values()) > 5


@pytest.mark.parametrize(
    "format_", ["adblock", "dnsmasq", "unbound", "rpz", "rules", "domains", "wildcard", "hosts"]
)
def test_an_export_that_is_imported_decides_the_same(exports, tmp_path, format_):
    path = exports(format_)
    own = tmp_path / "own"
    run("list", "import", path, "--format", format_, "--catalog", own, "--as", "ada")
    shown = run("check", "--catalog", own, "--draft", "--json", *ASKED).stdout
    blocked = {one["name"] for one in map(json.loads, shown.splitlines()) if one["blocked"]}
    if format_ == "rules":  # protected names are no rules of a list
        protected = {
            name for name in ASKED if name.endswith(("line.help.example", "clinic.example"))
        }
        blocked -= protected
    assert blocked <= exports.blocked
    assert blocked == exports.blocked or format_ in ("domains", "wildcard", "hosts")
