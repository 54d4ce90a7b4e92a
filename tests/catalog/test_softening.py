"""What is softened is in force without a compiler, and decides as what the compiler makes."""

from datetime import timedelta
from typing import Any

import pytest

from blockfilter.catalog import compiler, shelf, softening, standing, suffixes
from blockfilter.catalog.folder import STANDING
from blockfilter.catalog.inputs import Inputs, OwnList, digest
from blockfilter.catalog.manifest import snapshot_name
from blockfilter.errors import StateError
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Mode, Rule, Trigger
from blockfilter.policy.snapshot import Snapshot
from tests.catalogs import START, laid, rule

LISTS = {
    "curated": [
        rule("a.example", "a"),
        rule("www.b.example", "b"),
        Rule(Trigger.SITE_NAME, b"rubmaps", "massage-ads", "b"),
        Rule(Trigger.PATTERN, b"^ads[0-9]", "escort-ads", "c"),
    ],
    "protected": [rule("clinic.example")],
    "ads": [rule("b.example"), rule("www.a.example"), rule("clinic.a.example")],
}
ASKED = (
    *("a.example", "www.a.example", "x.www.a.example", "clinic.a.example", "b.example"),
    *("www.b.example", "rubmaps.de", "rubmaps.example", "ads1.example", "www.clinic.example"),
    *("rainn.org", "other.example", "example", "check.blockfilter.test"),
)
SOON = (START + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module", autouse=True)
def suffixes_once():
    """The public suffix list does not change while these tests run."""
    read, once = suffixes.read, suffixes.read(suffixes.suffix_file())
    suffixes.read = lambda file: once
    yield
    suffixes.read = read


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def base(tmp_path):
    laid(tmp_path / "base", LISTS)
    return tmp_path / "base"


@pytest.fixture
def local(tmp_path):
    laid(tmp_path / "local", {"curated": [rule("own.example", "own")]})
    return tmp_path / "local"


def inputs(*catalogs, **more):
    return Inputs(tuple(map(str, catalogs)), (), ())._replace(**more)


def soften(folder, *, disputed=(), allow=()):
    opened = tuple((name, SOON) for name in allow)
    (folder / STANDING).write_bytes(standing.Standing(disputed, opened).octets())


def compiled(wanted, state):
    return compiler.compiled(wanted, state / shelf.FOLDER, START)


def policy(path):
    return Policy(Snapshot(path.read_bytes()))


def told(found):
    """What a policy says of every name, and counts."""
    decisions = [found.decide(names.from_text(text)) for text in ASKED]
    why = [found.explain(names.from_text(text)) for text in ASKED]
    counts = found.snapshot.names_by_category()
    return decisions, why, counts, {(one.id, one.rules) for one in found.snapshot.lists}


@pytest.mark.parametrize(
    "soft",
    [
        {"disputed": ("a",)},
        {"disputed": ("b",)},
        {"disputed": ("c",)},
        {"disputed": ("ads",)},
        {"disputed": ("nothing-of-this-release",)},
        {"allow": ("a.example",)},
        {"allow": ("www.a.example",)},
        {"allow": ("y.x.b.example",)},
        {"allow": ("rubmaps.de",)},
        {"allow": ("other.example",)},
    ],
)
def test_one_thing_that_is_softened_is_changed_in_the_snapshot_before(base, state, tmp_path, soft):
    first = compiled(inputs(base), state)
    soften(base, **soft)
    found = softening.softened(inputs(base), state, START)
    assert found is not None
    wanted = compiled(inputs(base), tmp_path / "other")
    assert told(policy(found.path)) == told(policy(wanted))
    assert found.path == shelf.snapshot_file(state / shelf.FOLDER, digest(inputs(base), START))
    assert shelf.found(inputs(base), state, START) == found
    assert policy(found.path).snapshot.serial > policy(first).snapshot.serial


def test_one_thing_after_the_other_each_upon_the_one_before(base, local, state, tmp_path):
    wanted = inputs(base, local, allow=("kept.example",))
    compiled(wanted, state)
    steps: tuple[tuple[Any, dict[str, Any]], ...] = (
        (base, {"disputed": ("a",)}),
        (base, {"disputed": ("a", "b")}),
        (local, {"disputed": ("own",)}),
        (base, {"disputed": ("a", "b"), "allow": ("ads1.example",)}),
        (local, {"disputed": ("own",), "allow": ("x.own.example",)}),
        (base, {"disputed": ("a", "b"), "allow": ("ads1.example", "ads2.example")}),
    )
    for number, (folder, soft) in enumerate(steps):
        soften(folder, **soft)
        found = softening.softened(wanted, state, START)
        assert found is not None, number
        other = compiled(wanted, tmp_path / f"other-{number}")
        assert told(policy(found.path)) == told(policy(other)), number


def test_the_snapshot_that_came_with_the_release_is_the_one_before(base, state):
    path = base / snapshot_name(1)
    path.write_bytes(compiled(inputs(base), state / "elsewhere").read_bytes())
    soften(base, disputed=("a",))
    found = softening.softened(inputs(base), state, START)
    assert found is not None
    explained = policy(found.path).explain(names.from_text("x.a.example"))
    assert (explained.mode, explained.site) == ("monitored", "a")


def test_what_was_refused_of_a_list_is_still_told(base, state, tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("fine.example\ncom\n")
    wanted = inputs(base, lists=(OwnList(str(own), Mode.ENFORCE),))
    compiled(wanted, state)
    soften(base, allow=("a.example",))
    found = softening.softened(wanted, state, START)
    assert found is not None
    assert "line 2: a single label" in "".join(found.report.sentences())
    assert {"id": "allow", "rules": 1, "error": ""} in found.report.facts()


def test_without_the_one_before_there_is_none(base, state):
    assert softening.softened(inputs(base), state, START) is None
    first = compiled(inputs(base), state)
    assert softening.softened(inputs(base), state, START) is None  # nothing is softened
    soften(base, disputed=("a", "b"))  # two things at once
    assert softening.softened(inputs(base), state, START) is None
    soften(base, disputed=("a",))
    assert softening.softened(inputs(base), state, START, most=10) is None
    first.write_bytes(first.read_bytes()[:-4])  # damaged
    assert softening.softened(inputs(base), state, START) is None


def test_a_catalogue_that_is_broken_is_for_the_compiler_to_tell(base, state):
    compiled(inputs(base), state)
    (base / STANDING).write_text("nothing")
    assert softening.softened(inputs(base), state, START) is None


def test_a_shelf_that_cannot_be_written_is_told(base, state, tmp_path):
    path = base / snapshot_name(1)
    path.write_bytes(compiled(inputs(base), tmp_path / "elsewhere").read_bytes())
    state.write_text("a file")
    soften(base, disputed=("a",))
    with pytest.raises(StateError, match="cannot be written"):
        softening.softened(inputs(base), state, START)
