"""`blockfilter list alive|review`: a look by command, and the queue that comes of it."""

import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blockfilter.catalog import snapshots
from blockfilter.cli.list import shared
from tests.cli.keeping import REASON, SITE, UNSIGNED
from tests.cli.test_list_faults import _capabilities
from tests.fakes import ScriptedUpstream, always, answer, by_name, closed_port
from tests.nameserver import Nameserver

HERE = ["@ NS ns1.host.example.", "@ A 192.0.2.1"]
SUMMARY = {
    "names": 1,
    "looked": 1,
    "recent": 0,
    "unanswered": 0,
    "unnamed": 0,
    "findings": 0,
    "proposed": [],
    "unsigned": True,
}


def resolver(*records, rcode="NOERROR"):
    """Knows the root's servers, and of every other name the same."""
    return by_name(
        {".": always(". 60 IN NS a.root-servers.net.")}, otherwise=always(*records, rcode=rcode)
    )


@pytest.fixture
def clock(monkeypatch):
    """The time of commands, which begins now and goes on when it is told to."""

    class Clock:
        now = datetime.now(UTC)

        def day(self, days=0):
            return (self.now + timedelta(days=days)).date().isoformat()

        def passes(self, **time):
            self.now += timedelta(**time)

    clock = Clock()
    monkeypatch.setattr(shared, "now", lambda: clock.now)
    return clock


class Look:
    """The command with an upstream of the test's, at once."""

    def __init__(self, desk, upstream):
        self._desk = desk
        self._words = ("alive", "--upstream", "{}:{}".format(*upstream.address), "--pace", "0")

    def __call__(self, **how: Any) -> Any:
        return self._desk.facts(*self._words, **how)

    def text(self, **how: Any) -> str:
        text: str = self._desk(*self._words, **how).stdout
        return text

    def refusal(self, **how: Any) -> str:
        text: str = self._desk.refusal(*self._words, **how)
        return text


def test_a_run_says_what_it_did(desk):
    desk.released()
    with ScriptedUpstream(resolver("ads.example. 60 IN A 192.0.2.1")) as upstream:
        look = Look(desk, upstream)
        assert look() == SUMMARY
        assert [(one.name, one.qtype) for one in upstream.received] == [
            *((".", "NS"), ("ads.example.", "A"), ("ads.example.", "NS"))
        ]
        assert look() == SUMMARY | {"looked": 0, "recent": 1}
        assert look.text() == (
            f"looked at 0 of 1 name: 1 looked at lately, 0 nobody could tell of\n{UNSIGNED}\n"
        )
        assert len(upstream.received) == 3
    assert desk("review").stdout == f"nothing waits\n{UNSIGNED}\n"
    assert desk.facts("review") == {"items": [], "unsigned": True}


def test_a_site_moves_before_a_real_name_server_and_people_decide(desk, clock, tmp_path):
    desk.released("Example Ads", "ads.example", "gone.test")
    zones = {"ads.example": HERE, "gone.test": HERE, "new.test": HERE}
    with Nameserver(tmp_path, zones) as server:
        look = Look(desk, server)
        assert look()["looked"] == 2
        server.write("ads.example", [*HERE[:1], "@ A 192.0.2.1", "www CNAME www.new.test."])
        server.write("gone.test", HERE[:1])
        for _ in range(2):
            clock.passes(days=7)
            assert look()["findings"] == 0
        clock.passes(days=7)
        facts = look(code=1)
        assert (facts["findings"], facts["proposed"]) == (1, [])
        (item,) = desk.facts("review")["items"]
        assert item == {
            "id": "example-ads",
            "kind": "life",
            "sentence": (
                "example-ads: gone.test has had no address for weeks (3 looks since "
                f"{clock.day(-14)}); if it is to stay, edit the entry with --review 180d"
            ),
            "command": "blockfilter list edit example-ads --remove gone.test --catalog own",
        }
        text = desk("review").stdout
        assert text == f"{item['sentence']}\n  {item['command']}\n{UNSIGNED}\n"
        desk.run(*item["command"].split()[1:], "--as", "ada")
        (waiting,) = desk.facts("review")["items"]
        assert (waiting["kind"], waiting["id"]) == ("edit", "example-ads")


def test_a_successor_is_proposed_and_two_people_bring_it_into_force(desk, clock):
    desk.released()
    records = (
        *("ads.example. 60 IN CNAME new.test.", "new.test. 60 IN A 192.0.2.9"),
        "ads.example. 60 IN NS ns1.host.example.",
    )
    with ScriptedUpstream(resolver(*records)) as upstream:
        look = Look(desk, upstream)
        for _ in range(2):
            look()
            clock.passes(days=7)
        assert look.text(code=1).splitlines() == [
            "looked at 1 of 1 name: 0 looked at lately, 0 nobody could tell of",
            "proposed by the system: example-ads-successor",
            "next: blockfilter list review --catalog own  (0 seen by looks)",
            UNSIGNED,
        ]
    (item,) = desk.facts("review")["items"]
    assert item["kind"] == "adoption"
    command = item["command"].replace('"..."', "same").split()[1:]
    desk.run(*command, "--as", "ada")
    assert desk.facts("review")["items"][0]["kind"] == "proposal"
    desk.run(*command, "--as", "ada", code=3)
    desk.run(*command, "--as", "ben")
    assert [one["kind"] for one in desk.facts("review")["items"]] == ["release"]
    desk("release", who="ben")
    assert desk.facts("show", "www.new.test")["entries"][0]["state"] == "active"
    assert desk.facts("verify")["findings"] == []


def test_every_command_of_the_queue_does_what_it_says(desk, clock):
    def begun(id_, *names, then=()):
        desk("propose", *names, *SITE, "--site", id_, who="ada")
        for what in ("approve", "activate", *then):
            desk(what, id_, *REASON, who="ben")

    begun("all-gone", "all-gone.test")
    begun("half-gone", "half-gone.test", "here.example")
    begun("doubtful", "doubtful.test", "also.example", then=("dispute",))
    begun("waiting", "waiting.test")
    begun("sold", "sold.example")
    begun("ending", "ending.example")
    desk("edit", "waiting", "--site", "Waiting", who="ada")
    desk("edit", "ending", "--expires", clock.day(25), "--note", "x", who="ada")
    desk("approve", "ending", *REASON, who="ben")
    desk("activate", "ending", *REASON, who="ben")
    desk("propose", "new.example", *SITE, "--site", "New", who="ada")
    here = "{} 60 IN A 192.0.2.1".format

    def zone(servers):
        def script(query):
            if query.name.endswith("test."):
                return [answer(query, rcode="NXDOMAIN")]
            kept = servers if query.name == "sold.example." else "ns1"
            return [answer(query, here(query.name), f"{query.name} 60 IN NS {kept}.host.example.")]

        return script

    with ScriptedUpstream(zone("ns1")) as upstream:
        look = Look(desk, upstream)
        look()
        upstream.script = zone("ns2")
        for code in (0, 1, 1):
            clock.passes(days=7)
            look(code=code)
    items = desk.facts("review")["items"]
    assert [(one["kind"], one["id"]) for one in items] == [
        *(("proposal", "new"), ("edit", "waiting"), ("dispute", "doubtful"), ("life", "sold")),
        *(("life", "all-gone"), ("life", "doubtful"), ("life", "half-gone"), ("life", "waiting")),
        ("expiry", "ending"),
    ]
    for one in reversed(items):  # what is settled last was found first
        # The parser counts days from the machine's today, and the entries are of the test's.
        command = one["command"].replace("180d", "2999-01-01")
        words = shlex.split(command)[1:]
        desk.run(*words, "--as", "carol")
    left = [(one["kind"], one["id"]) for one in desk.facts("review")["items"]]
    assert left == [("edit", "ending"), ("edit", "half-gone"), ("release", "")]


def test_what_has_no_name_is_told(desk):
    desk("propose", "adsite", *SITE, "--trigger", "site-name", who="ada")
    desk("approve", "example-ads", *REASON, who="ben")
    desk("activate", "example-ads", *REASON, who="ben")
    text = desk("alive", "--upstream", f"127.0.0.1:{closed_port()[1]}").stdout
    assert text.splitlines()[:2] == [
        "looked at 0 of 0 names: 0 looked at lately, 0 nobody could tell of",
        "not looked at: 1 site-names and patterns, which are no names",
    ]


def test_an_upstream_that_does_not_answer_is_told(desk):
    desk.released()
    told = desk.refusal("alive", "--upstream", f"127.0.0.1:{closed_port()[1]}", code=1)
    assert told == (
        "no upstream answers, so nothing was looked at; name others with --upstream or "
        "upstream.servers"
    )


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
def test_names_that_nobody_tells_of_are_counted(desk, rcode):
    desk.released()
    with ScriptedUpstream(resolver(rcode=rcode)) as upstream:
        assert Look(desk, upstream)() == SUMMARY | {"looked": 0, "unanswered": 1}


@pytest.mark.parametrize("command", [("alive", "--upstream", "127.0.0.1"), ("review",)])
def test_a_catalogue_that_is_not_there_is_told_and_not_made(desk, command):
    told = desk.refusal(*command, code=1)
    assert told.startswith("own: is no catalogue (it has no taxonomy.toml)")
    assert not desk.catalog.exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--upstream", "resolver.example"), 1, "upstream.servers"),
        (("--config", "nosuch.toml"), 1, "nosuch.toml"),
        (("--pace", "-1"), 2, "--pace"),
        (("--pace", "nan"), 2, "--pace"),
        (("--pace", "4000"), 2, "--pace"),
        (("--pace", "soon"), 2, "--pace"),
        (("x",), 2, "unexpected extra argument"),
    ],
)
def test_wrong_use_is_told(desk, words, code, told):
    desk.proposed()
    assert told in desk.refusal("alive", *words, code=code)
    assert not (desk.catalog / "looks").exists()


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_asked(desk):
    desk.released()
    for path in (*desk.catalog.rglob("*"), desk.catalog):
        path.chmod(0o500 if path.is_dir() else 0o400)
    with ScriptedUpstream(resolver()) as upstream:
        ended = subprocess.run(
            [
                *_capabilities(),
                *(sys.executable, "-m", "blockfilter", "list", "alive", "--catalog", "own"),
                *("--upstream", "{}:{}".format(*upstream.address)),
            ],
            env=snapshots.environment(),
            cwd=desk.place,
            capture_output=True,
            text=True,
            check=False,
        )
        for path in (desk.catalog, *desk.catalog.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)
        assert upstream.received == []
    assert ended.returncode == 1
    assert ended.stderr.startswith("blockfilter: own/looks: cannot be written (Permission denied)")


def test_an_installed_catalogue_is_not_looked_at(desk, monkeypatch):
    from blockfilter.catalog import store

    desk.released()
    installed = desk.place / "site-packages/lists"
    installed.parent.mkdir()
    os.rename(desk.catalog, installed)
    monkeypatch.setattr(store, "shipped", lambda: installed)
    told = desk.run("list", "alive", "--upstream", "127.0.0.1", code=3)
    assert "keep entries of your own in a catalogue of your own" in told.stderr
    assert not (installed / "looks").exists()


def test_damaged_state_ends_nothing(desk):
    desk.released()
    (desk.catalog / "looks").mkdir()
    (desk.catalog / "looks/example-ads.json").write_bytes(b"\xff{")
    assert desk.facts("review")["items"] == []
    with ScriptedUpstream(resolver("ads.example. 60 IN A 192.0.2.1")) as upstream:
        assert Look(desk, upstream)() == SUMMARY
    assert json.loads((desk.catalog / "looks/example-ads.json").read_bytes())


def test_only_names_of_the_list_are_written_down(desk):
    desk.released()
    with ScriptedUpstream(resolver("ads.example. 60 IN A 192.0.2.1")) as upstream:
        Look(desk, upstream)()
    (file,) = (desk.catalog / "looks").iterdir()
    (name,) = json.loads(file.read_bytes())
    assert name == "ads.example"
    assert "192.0.2.1" not in file.read_text()
