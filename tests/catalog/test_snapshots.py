"""The snapshot of today's inputs: reused while they are the same, compiled when they are not."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import blockfilter
from blockfilter.catalog import compiler, snapshots, store, suffixes
from blockfilter.catalog import inputs as inputs_module
from blockfilter.catalog.snapshots import Inputs, OwnList
from blockfilter.errors import ListError, StateError
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Mode
from blockfilter.policy.snapshot import Snapshot
from tests.catalogs import START, laid, rule

NOTHING = Inputs(catalogs=(), lists=(), allow=())


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("a.example\n0.0.0.0 b.example\n")
    return path


@pytest.fixture(scope="module", autouse=True)
def suffixes_once():
    """The public suffix list does not change while these tests run."""
    read, once = suffixes.read, suffixes.read(suffixes.suffix_file())
    suffixes.read = lambda file: once
    yield
    suffixes.read = read


def current(inputs, state, now=START):
    """As `snapshots.current`, with the compiler's work done here: a child takes half a second."""
    if found := snapshots._there(inputs, state, now):
        return found
    path = compiler.compiled(inputs, state / snapshots.FOLDER, now)
    return snapshots._result(json.dumps({"snapshot": path.name}).encode(), 0, state)


def with_catalog(*paths):
    return NOTHING._replace(catalogs=tuple(map(str, paths)))


def with_list(path, mode=Mode.ENFORCE):
    return NOTHING._replace(lists=(OwnList(str(path), mode),))


def policy(compiled):
    return Policy(Snapshot(compiled.path.read_bytes()))


def verdict(compiled, text):
    found = policy(compiled).explain(names.from_text(text))
    return found.mode, found.list


def test_the_test_name_is_blocked_and_not_counted_without_any_list(state):
    compiled = current(NOTHING, state)
    assert verdict(compiled, compiler.TEST_NAME) == ("enforced", "built-in")
    decision = policy(compiled).decide(names.from_text(compiler.TEST_NAME))
    assert (decision.blocks, decision.cells) == (True, ())


def test_own_lists_local_names_and_protected_names_are_ranked(state, own):
    own.write_text("a.example\n0.0.0.0 b.example\nrainn.org\nc.example\n")
    compiled = current(with_list(own)._replace(allow=("C.example",)), state)
    assert verdict(compiled, "x.a.example") == ("enforced", str(own))
    assert verdict(compiled, "b.example") == ("enforced", str(own))
    assert verdict(compiled, "x.b.example") == (None, None)
    assert verdict(compiled, "www.rainn.org") == (None, "protected")
    assert verdict(compiled, "x.c.example") == (None, "local-allow")
    decision = policy(compiled).decide(names.from_text("a.example"))
    assert decision.cells == (("other", "enforced"),)


def test_a_list_in_monitor_mode_blocks_nothing(state, own):
    compiled = current(with_list(own, Mode.MONITOR), state)
    assert verdict(compiled, "a.example") == ("monitored", str(own))


def test_the_same_inputs_reuse_the_snapshot_and_its_report(state, own):
    own.write_text("a.example\nco.uk\n")
    first = current(with_list(own), state)
    changed = first.path.stat().st_ino
    second = current(with_list(own), state)
    assert second == first
    assert second.path.stat().st_ino == changed
    assert second.report.sentences() == first.report.sentences() != []


def test_every_input_has_its_part_in_the_digest(own, tmp_path, monkeypatch):
    one, other = tmp_path / "one", tmp_path / "other"
    laid(one, {"curated": [rule("one.example")]})
    laid(other, {"curated": [rule("other.example")]})
    copy = tmp_path / "copy.txt"
    copy.write_bytes(own.read_bytes())
    digests = {
        snapshots.digest(inputs, START)
        for inputs in (
            NOTHING,
            with_catalog(one),
            with_catalog(other),
            with_catalog(one, other),
            with_catalog(other, one),
            with_list(own),
            with_list(own, Mode.MONITOR),
            with_list(copy),
            NOTHING._replace(lists=(*with_list(own).lists, *with_list(copy).lists)),
            NOTHING._replace(lists=(*with_list(copy).lists, *with_list(own).lists)),
            NOTHING._replace(allow=("a.example",)),
        )
    }
    assert len(digests) == 11
    before = snapshots.digest(with_list(own), START)
    own.write_text("c.example\n")
    assert snapshots.digest(with_list(own), START) != before
    before = snapshots.digest(NOTHING, START)
    monkeypatch.setattr(inputs_module, "COMPILER_VERSION", 99)
    assert snapshots.digest(NOTHING, START) != before


def test_a_changed_list_is_compiled_with_the_next_serial(state, own):
    first = current(with_list(own), state)
    own.write_text("c.example\n")
    second = current(with_list(own), state)
    assert second.path != first.path
    assert verdict(second, "c.example") == ("enforced", str(own))
    assert policy(second).snapshot.serial == policy(first).snapshot.serial + 1


@pytest.mark.parametrize("damage", ["cut", "flipped", "no report", "bad report", "swapped"])
def test_what_is_damaged_is_compiled_anew(state, own, damage):
    compiled = current(with_list(own), state)
    report = compiled.path.with_suffix(".json")
    octets = compiled.path.read_bytes()
    match damage:
        case "cut":
            compiled.path.write_bytes(octets[: len(octets) // 2])
        case "flipped":
            compiled.path.write_bytes(octets[:-1] + bytes([octets[-1] ^ 1]))
        case "no report":
            report.unlink()
        case "bad report":
            report.write_text('{"lists": [3]}')
        case "swapped":
            other = current(NOTHING, state)
            compiled.path.write_bytes(other.path.read_bytes())
    again = current(with_list(own), state)
    assert again == compiled
    assert verdict(again, "a.example") == ("enforced", str(own))
    assert policy(again).snapshot.serial > Snapshot(octets).serial


def test_the_report_says_what_was_refused_with_lines_and_causes_and_never_the_text(state, own):
    own.write_text("a.example\nbad!.example\n" + "co.uk\n" * 29)
    report = current(with_list(own), state).report
    (sentence,) = report.sentences()
    assert sentence.startswith(f"{own}: 30 lines were refused and skipped (line 2: a character")
    assert "line 3: a public suffix" in sentence
    assert sentence.count("line ") == snapshots.SHOWN
    assert "25 more" in sentence
    assert "co.uk" not in sentence
    facts = {fact["id"]: fact for fact in report.facts()}
    assert facts[str(own)] == {"id": str(own), "rules": 1, "error": sentence}
    assert facts["protected"]["error"] == ""
    json.dumps(report.facts())


def test_the_reports_file_tells_twenty_lines_the_lists_day_and_how_long_it_took(state, own):
    own.write_text("a.example\n" + "co.uk\n" * 30)
    compiled = current(with_list(own), state)
    told = json.loads(compiled.path.with_suffix(".json").read_text())
    (mine,) = (one for one in told["lists"] if one[0] == str(own))
    assert mine[1:3] == [1, 30]
    assert [line for line, _ in mine[3]] == list(range(2, 22))
    assert told["suffix_date"] == policy(compiled).snapshot.suffix_date
    assert 0 <= told["seconds"] < 60


def test_every_refused_list_is_reported_and_the_old_snapshot_stays(state, own, tmp_path):
    old = current(with_list(own), state)
    page, empty = tmp_path / "page.txt", tmp_path / "empty.txt"
    page.write_text("<html>")
    empty.write_text("")
    paths = (page, own, empty, tmp_path / "none.txt")
    inputs = NOTHING._replace(lists=tuple(OwnList(str(path), Mode.ENFORCE) for path in paths))
    with pytest.raises(ListError) as caught:
        snapshots.current(inputs, state)
    told = str(caught.value).splitlines()
    assert [line.partition(": ")[0] for line in told] == [str(page), str(empty), str(paths[3])]
    assert [path.name for path in (state / "policy").glob("*.snapshot")] == [old.path.name]
    assert not list((state / "policy").glob("*.tmp"))


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [("a..b", "a label holds"), ("*.a.example", "a wildcard"), ("192.0.2.1", "an address")],
)
def test_a_name_to_be_allowed_that_is_wrong_is_a_list_error(state, wrong, cause):
    with pytest.raises(ListError, match=f"name 2 that is to be allowed: {cause}"):
        current(NOTHING._replace(allow=("a.example", wrong)), state)


def test_a_name_to_be_allowed_may_have_any_character(state):
    compiled = current(NOTHING._replace(allow=("0/25.2.0.192.in-addr.arpa",)), state)
    assert verdict(compiled, "1.0/25.2.0.192.in-addr.arpa") == (None, "local-allow")


def test_the_newest_three_snapshots_are_kept_and_use_makes_new(state, own):
    made = []
    for number in range(4):
        own.write_text(f"a{number}.example\n")
        made.append(current(with_list(own), state))
        time.sleep(0.01)
        if number == 2:
            own.write_text("a0.example\n")
            assert current(with_list(own), state) == made[0]
            time.sleep(0.01)
    left = {path.stem for path in (state / "policy").glob("*.snapshot")}
    assert left == {made[number].path.stem for number in (0, 2, 3)}
    assert {path.stem for path in (state / "policy").glob("*.json")} == left


def test_what_a_killed_compiler_left_is_removed_when_it_is_old(state):
    folder = state / "policy"
    folder.mkdir(parents=True)
    for name, age in (("old.tmp", 7200), ("new.tmp", 0)):
        (folder / name).write_text("x")
        os.utime(folder / name, (time.time() - age,) * 2)
    current(NOTHING, state)
    assert [path.name for path in folder.glob("*.tmp")] == ["new.tmp"]


def test_a_lost_count_of_serials_does_not_start_again(state, own):
    first = current(with_list(own), state)
    (state / "policy/serial").unlink()
    own.write_text("c.example\n")
    second = current(with_list(own), state)
    assert policy(second).snapshot.serial > policy(first).snapshot.serial


def test_a_directory_that_cannot_be_written_is_a_state_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be written"):
        snapshots.current(NOTHING, tmp_path / "file")


def test_a_compiler_that_dies_is_an_error_with_a_remedy(state, monkeypatch):
    for ending in ("import os; os.kill(os.getpid(), 9)", "raise SystemExit(3)", "print('[]')"):
        monkeypatch.setattr(snapshots, "_COMMAND", (sys.executable, "-c", ending))
        with pytest.raises(ListError, match="ended without a result"):
            snapshots.current(NOTHING, state)
    monkeypatch.setattr(snapshots, "_COMMAND", ("/nonexistent/python",))
    with pytest.raises(ListError, match="cannot be started"):
        snapshots.current(NOTHING, state)


def test_a_compiler_that_hangs_is_ended(state, monkeypatch):
    monkeypatch.setattr(snapshots, "COMPILE_SECONDS", 0.2)
    monkeypatch.setattr(
        snapshots, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(60)")
    )
    for call in (snapshots.current, lambda *given: asyncio.run(snapshots.current_async(*given))):
        with pytest.raises(ListError, match="was not compiled within"):
            call(NOTHING, state)


def test_a_list_that_is_changed_while_it_is_read_is_read_again(state, own, monkeypatch):
    built, changes = compiler._built, iter(["c.example\n"])

    def change_meanwhile(*given):
        result = built(*given)
        for content in changes:
            own.write_text(content)
            break
        return result

    monkeypatch.setattr(compiler, "_built", change_meanwhile)
    path = compiler.compiled(with_list(own), state / "policy", START)
    found = Policy(Snapshot(path.read_bytes()))
    assert found.explain(names.from_text("c.example")).blocked
    assert not found.explain(names.from_text("a.example")).blocked
    assert path == snapshots.snapshot_file(
        state / "policy", snapshots.digest(with_list(own), START)
    )


def test_the_asynchronous_way_gives_the_same_and_lets_the_loop_go_on(state, own):
    async def both():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        compiled = await snapshots.current_async(with_list(own), state)
        again = await snapshots.current_async(with_list(own), state)
        ticking.cancel()
        return compiled, again, ticks

    compiled, again, ticks = asyncio.run(both())
    assert compiled == again == current(with_list(own), state)
    assert ticks > 5
    own.write_text("")
    with pytest.raises(ListError, match="is empty"):
        asyncio.run(snapshots.current_async(with_list(own), state))


def test_two_compilers_at_a_time_do_not_disturb_each_other(state, own):
    async def several():
        return await asyncio.gather(
            *(snapshots.current_async(with_list(own), state) for _ in range(2)),
            snapshots.current_async(NOTHING, state),
        )

    one, same, other = asyncio.run(several())
    assert one == same != other
    assert verdict(one, "a.example") == ("enforced", str(own))
    serials = {policy(compiled).snapshot.serial for compiled in (one, other)}
    assert len(serials) == 2


def test_finding_a_snapshot_imports_no_library_of_the_compiler(state):
    current(NOTHING, state)
    code = (
        "import sys; from pathlib import Path; from blockfilter.catalog import snapshots\n"
        f"snapshots.current(snapshots.Inputs((), (), ()), Path({str(state)!r}))\n"
        "print([m for m in ('tldextract', 'publicsuffixlist', 'asyncio') if m in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=snapshots.environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert ended.stdout == "[]\n"


def test_the_child_finds_the_package_from_any_folder(state, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    assert snapshots.current(NOTHING, state).path.exists()


def test_a_package_that_is_installed_nowhere_compiles_with_itself(state, tmp_path):
    package = tmp_path / "blockfilter"
    shutil.copytree(Path(blockfilter.__file__).parent, package)
    shutil.copytree(store.shipped(), package / "lists", dirs_exist_ok=True)
    (package / "__init__.py").write_text('__version__ = "9.9.9"\n')
    code = (
        "from pathlib import Path; from blockfilter.catalog import snapshots\n"
        f"snapshots.current(snapshots.Inputs((), (), ()), Path({str(state)!r}))"
    )
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environ, check=True)
    (made,) = (state / "policy").glob("*.snapshot")
    assert Snapshot(made.read_bytes()).release == "9.9.9"
