"""What catalogues bring to a policy: the release in force, what was softened since, and when."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from blockfilter.catalog import compiler, snapshots, standing, suffixes
from blockfilter.catalog import inputs as inputs_module
from blockfilter.catalog.folder import STANDING
from blockfilter.catalog.manifest import rules_file, snapshot_name
from blockfilter.catalog.snapshots import Inputs
from blockfilter.errors import ListError
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Action, Mode, Rule, Trigger
from blockfilter.policy.snapshot import Snapshot
from tests.catalogs import START, laid, rule


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
    return tmp_path / "base"


def inputs(*catalogs, allow=()):
    return Inputs(tuple(map(str, catalogs)), (), allow)


def current(wanted, state, now=START):
    """As `snapshots.current`, without a child."""
    if found := snapshots._there(wanted, state, now):
        return found
    path = compiler.compiled(wanted, state / snapshots.FOLDER, now)
    return snapshots._result(json.dumps({"snapshot": path.name}).encode(), 0, state)


def explain(compiled, text):
    found = Policy(Snapshot(compiled.path.read_bytes())).explain(names.from_text(text))
    return found.mode, found.list


def soften(folder, **values):
    (folder / STANDING).write_bytes(standing.Standing(**values).octets())


def until(**time):
    return (START + timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_release_decides_by_its_rules_and_lists(base, state):
    laid(
        base,
        {
            "curated": [rule("a.example", "a"), rule("b.example", "b")._replace(mode=Mode.MONITOR)],
            "protected": [rule("clinic.example")],
            "ads": [rule("c.example"), rule("www.clinic.example")],
            "watched": [rule("d.example")],
        },
        modes={"watched": Mode.MONITOR},
    )
    compiled = current(inputs(base), state)
    assert explain(compiled, "www.a.example") == ("enforced", "curated")
    assert explain(compiled, "b.example") == ("monitored", "curated")
    assert explain(compiled, "c.example") == ("enforced", "ads")
    assert explain(compiled, "d.example") == ("monitored", "watched")
    assert explain(compiled, "www.clinic.example") == (None, "protected")
    assert explain(compiled, "rainn.org") == (None, "protected")
    assert explain(compiled, "e.example") == (None, None)


def test_the_child_compiles_the_same(base, state):
    laid(base, {"curated": [rule("a.example", "a")]})
    compiled = snapshots.current(inputs(base), state, START)
    assert explain(compiled, "a.example") == ("enforced", "curated")
    assert snapshots.current(inputs(base), state, START) == compiled


def test_rules_keep_trigger_site_category_and_exceptions(base, state):
    laid(
        base,
        {
            "curated": [
                Rule(Trigger.SITE_NAME, b"rubmaps", "massage-ads", "rubmaps"),
                Rule(Trigger.PATTERN, b"^escorts-[0-9]", "escort-ads", "numbers"),
                Rule(Trigger.EXACT, names.from_text("x.example"), "escort-ads", "x"),
            ],
            "ads": [
                rule("a.example"),
                rule("open.a.example")._replace(action=Action.PASSTHRU),
            ],
        },
    )
    compiled = current(inputs(base), state)
    policy = Policy(Snapshot(compiled.path.read_bytes()))
    found = policy.explain(names.from_text("www.rubmaps.co.uk"))
    assert (found.site, found.category) == ("rubmaps", "massage-ads")
    assert explain(compiled, "escorts-1.example") == ("enforced", "curated")
    assert explain(compiled, "x.example") == ("enforced", "curated")
    assert explain(compiled, "www.x.example") == (None, None)
    assert explain(compiled, "a.example") == ("enforced", "ads")
    assert explain(compiled, "www.open.a.example") == (None, None)


def test_disputes_soften_a_site_or_a_list_at_once(base, state):
    laid(
        base,
        {
            "curated": [rule("a.example", "a"), rule("b.example", "b")],
            "ads": [rule("c.example")],
        },
    )
    before = snapshots.digest(inputs(base), START)
    soften(base, disputed=("a", "ads"))
    assert snapshots.digest(inputs(base), START) != before
    compiled = current(inputs(base), state)
    assert explain(compiled, "a.example") == ("monitored", "curated")
    assert explain(compiled, "b.example") == ("enforced", "curated")
    assert explain(compiled, "c.example") == ("monitored", "ads")


def test_an_exception_holds_until_its_time_and_ends_by_itself(base, state):
    laid(base, {"curated": [rule("a.example", "a")]})
    soften(base, allow=(("a.example", until(hours=1)),))
    assert explain(current(inputs(base), state), "www.a.example") == (None, "allow")
    later = START + timedelta(hours=1)
    assert explain(current(inputs(base), state, later), "a.example") == ("enforced", "curated")


def decided(compiled, text):
    """Whether a name is blocked, what is shown of its category, and what is recorded."""
    policy = Policy(Snapshot(compiled.path.read_bytes()))
    name = names.from_text(text)
    decision = policy.decide(name)
    return decision.blocks, policy.explain(name).category, decision.cells


def test_own_entries_are_recorded_without_their_category(base, state, tmp_path):
    local, own = tmp_path / "local", tmp_path / "own.txt"
    laid(base, {"curated": [rule("a.example", "a")], "ads": [rule("b.example")]})
    laid(
        local,
        {"curated": [rule("c.example", "c"), rule("e.example", "e")], "own": [rule("d.example")]},
    )
    soften(local, disputed=("e",))
    own.write_text("f.example\n0.0.0.0 g.example\n")
    wanted = inputs(base, local)._replace(lists=(snapshots.OwnList(str(own), Mode.ENFORCE),))
    compiled = current(wanted, state)
    for name in ("a.example", "b.example"):
        assert decided(compiled, name) == (True, "escort-ads", (("escort-ads", "enforced"),))
    for name in ("c.example", "www.d.example"):
        assert decided(compiled, name) == (True, "escort-ads", (("other", "enforced"),))
    assert decided(compiled, "e.example") == (False, "escort-ads", (("other", "monitored"),))
    assert decided(compiled, "f.example") == (True, "other", (("other", "enforced"),))
    snapshot = Snapshot(compiled.path.read_bytes())
    assert snapshot.names_by_category() == {"escort-ads": 2, "other": 4}


def test_a_catalogue_of_ones_own_alone_is_ones_own(state, tmp_path):
    local = tmp_path / "local"
    laid(local, {"curated": [rule("a.example", "a")]})
    shared, alone = inputs(local), inputs(local)._replace(curated=False)
    before = current(shared, state)
    assert decided(before, "a.example") == (True, "escort-ads", (("escort-ads", "enforced"),))
    compiled = current(alone, state)
    assert decided(compiled, "a.example") == (True, "escort-ads", (("other", "enforced"),))
    assert snapshots.digest(shared, START) != snapshots.digest(alone, START)
    assert inputs_module.fingerprint(shared, START) != inputs_module.fingerprint(alone, START)
    assert snapshots.last_good(alone, state) == compiled
    compiled.path.unlink()
    assert snapshots.last_good(alone, state) is None


def test_an_expired_entry_is_left_out_from_its_day_on(base, state):
    laid(
        base,
        {"curated": [rule("a.example", "a"), rule("b.example", "b")], "ads": [rule("c.example")]},
        expires={"a": "2026-11-24", "ads": "2026-11-24"},
    )
    last = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
    compiled = current(inputs(base), state, last)
    assert explain(compiled, "a.example") == ("enforced", "curated")
    assert explain(compiled, "c.example") == ("enforced", "ads")
    compiled = current(inputs(base), state, last + timedelta(seconds=1))
    assert explain(compiled, "a.example") == (None, None)
    assert explain(compiled, "c.example") == (None, None)
    assert explain(compiled, "b.example") == ("enforced", "curated")


def test_an_entry_that_is_disputed_and_expired_is_left_out(base, state):
    laid(base, {"curated": [rule("a.example", "a")]}, expires={"a": "2026-11-23"})
    soften(base, disputed=("a",))
    assert explain(current(inputs(base), state), "a.example") == (None, None)


def test_the_second_catalogue_lies_on_top_with_names_of_its_own(base, tmp_path, state):
    local = tmp_path / "local"
    laid(base, {"curated": [rule("a.example", "a"), rule("own.example", "b")]})
    laid(
        local,
        {
            "curated": [rule("l.example", "a")],
            "protected": [rule("own.example")],
            "ads": [rule("m.example")],
        },
    )
    soften(local, disputed=("a",), allow=(("a.example", until(hours=1)),))
    laid(local, {"curated": [rule("l.example", "a")], "protected": [rule("own.example")]})
    compiled = current(inputs(base, local), state)
    assert explain(compiled, "l.example") == ("monitored", "local")
    assert explain(compiled, "m.example") == (None, None)
    assert explain(compiled, "own.example") == (None, "local/protected")
    assert explain(compiled, "a.example") == (None, "local/allow")
    assert Snapshot(compiled.path.read_bytes()).release == "1+local 2"


def test_the_same_site_of_two_catalogues_is_softened_in_one(base, tmp_path, state):
    local = tmp_path / "local"
    laid(base, {"curated": [rule("a.example", "a")]})
    laid(local, {"curated": [rule("b.example", "a")], "ads": [rule("c.example")]})
    soften(base, disputed=("a",))
    compiled = current(inputs(base, local), state)
    assert explain(compiled, "a.example") == ("monitored", "curated")
    assert explain(compiled, "b.example") == ("enforced", "local")
    assert explain(compiled, "c.example") == ("enforced", "local/ads")


def test_a_catalogue_without_a_release_blocks_nothing_and_says_so(base, tmp_path, state):
    base.mkdir()
    local = tmp_path / "local"
    laid(local, {"curated": [rule("a.example", "a")]})
    compiled = current(inputs(base, local), state)
    assert Snapshot(compiled.path.read_bytes()).release == "none+local 1"
    (sentence,) = compiled.report.sentences()
    assert sentence.startswith("curated: no release is in force yet")
    assert explain(compiled, "a.example") == ("enforced", "local")


def test_a_release_that_was_compiled_when_it_was_made_is_not_compiled_again(base, state, tmp_path):
    made = laid(base, {"curated": [rule("a.example", "a")]})
    elsewhere = tmp_path / "elsewhere"
    compiled = current(inputs(base), elsewhere)
    brought = base / snapshot_name(made.serial)
    brought.write_bytes(compiled.path.read_bytes())
    found = current(inputs(base), state)
    assert found.path == brought
    assert not state.exists()
    assert {one.id: one.rules for one in found.report.lists}["curated"] == 1
    assert found.report.sources == inputs(base).sources
    # With names of its own to allow, the server needs another one.
    assert current(inputs(base, allow=("b.example",)), state).path.parent == state / "policy"


def test_a_compiled_release_that_does_not_fit_any_more_is_passed_over(base, state, tmp_path):
    made = laid(base, {"curated": [rule("a.example", "a")]})
    brought = base / snapshot_name(made.serial)
    brought.write_bytes(current(inputs(base), tmp_path / "elsewhere").path.read_bytes())
    soften(base, disputed=("a",))
    compiled = current(inputs(base), state)
    assert compiled.path != brought
    assert explain(compiled, "a.example") == ("monitored", "curated")
    (base / STANDING).unlink()
    brought.write_bytes(brought.read_bytes()[:-9])
    assert current(inputs(base), state).path != brought


def test_no_path_of_a_catalogue_is_in_the_digest(base, tmp_path):
    for folder in (base, tmp_path / "copy"):
        laid(folder, {"curated": [rule("a.example", "a")]})
    one, copy = (snapshots.digest(inputs(path), START) for path in (base, tmp_path / "copy"))
    assert one == copy


def test_an_unchanged_release_is_found_without_reading_its_rules(base, state):
    made = laid(base, {"curated": [rule("a.example", "a")]})
    compiled = current(inputs(base), state)
    for listed in made.lists:
        rules_file(base, listed).unlink()
    assert current(inputs(base), state) == compiled


def test_rules_that_are_not_as_they_were_written_are_refused(base, state):
    made = laid(base, {"curated": [rule("a.example", "a")], "ads": [rule("b.example")]})
    one, other = (rules_file(base, listed) for listed in made.lists)
    one.write_text(one.read_text().replace("a.example", "c.example"))
    other.unlink()
    with pytest.raises(ListError) as caught:
        snapshots.current(inputs(base), state, START)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{one}: is not as it was written")
    assert second.startswith(f"{other}: cannot be read")


@pytest.mark.parametrize("broken", ["pointer", "manifest", "standing", "folder"])
def test_a_broken_catalogue_is_a_list_error_and_the_last_good_policy_is_found(base, state, broken):
    laid(base, {"curated": [rule("a.example", "a")]})
    good = current(inputs(base), state)
    match broken:
        case "pointer":
            (base / "releases/current").write_text("1\n")
        case "manifest":
            (base / "releases/1.json").write_text("{}")
        case "standing":
            (base / STANDING).write_text("{}")
        case "folder":
            base.rename(base.with_name("gone"))
    inputs_module._release.cache_clear()  # as in a process that has just begun
    with pytest.raises(ListError, match=str(base)):
        current(inputs(base), state)
    assert snapshots.last_good(inputs(base), state) == good
    assert snapshots.last_good(inputs(base, base), state) is None


def test_a_policy_that_came_with_a_release_is_a_last_good_one_too(base, state, tmp_path):
    made = laid(base, {"curated": [rule("a.example", "a")]})
    brought = base / snapshot_name(made.serial)
    brought.write_bytes(current(inputs(base), tmp_path / "elsewhere").path.read_bytes())
    (base / "releases/current").write_text("1\n")
    good = snapshots.last_good(inputs(base), state)
    assert good is not None
    assert good.path == brought
    assert snapshots.last_good(inputs(base, allow=("b.example",)), state) is None


def test_the_fingerprint_changes_exactly_when_the_digest_does(base):
    """By pointer, by what is softened and by the clock; not by what servers do not take in."""
    laid(base, {"curated": [rule("a.example", "a")]}, expires={"a": "2026-11-25"})
    old = (base / "releases/current").read_bytes()
    now = START
    seen = []

    def note():
        seen.append((snapshots.fingerprint(inputs(base), now), snapshots.digest(inputs(base), now)))

    note()
    laid(base, {"curated": [rule("b.example", "a")]}, expires={"a": "2026-11-25"})
    note()
    (base / "releases/current").write_bytes(old)
    note()
    soften(base, disputed=("a",))
    note()
    soften(base, disputed=("a",), paused=True)
    note()
    soften(base, allow=(("x.example", until(hours=1)),))
    note()
    now += timedelta(minutes=59)
    note()
    now += timedelta(minutes=1)
    note()
    (base / STANDING).write_text("{")
    note()
    (base / STANDING).unlink()
    note()
    now += timedelta(days=2)
    note()
    fingerprints, digests = zip(*seen, strict=True)
    assert [fingerprints.index(one) for one in fingerprints] == [0, 1, 0, 3, 3, 5, 5, 0, 8, 0, 10]
    assert [digests.index(one) for one in digests] == [0, 1, 0, 3, 3, 5, 5, 0, 8, 0, 10]


def test_a_name_to_stay_open_that_is_none_is_a_list_error(base, state):
    laid(base, {"curated": []})
    soften(base, allow=(("a..b", until(hours=1)),))
    with pytest.raises(ListError, match="is no name"):
        snapshots.current(inputs(base), state, START)
