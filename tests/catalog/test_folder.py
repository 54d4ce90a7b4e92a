"""A change of a catalogue's folder happens whole or not at all: killed, without room, with others."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys

import pytest

from blockfilter.catalog import folder as folders
from blockfilter.catalog import verify
from blockfilter.catalog.folder import Folder, create
from blockfilter.errors import ListError, StateError
from tests.catalogs import BEN, WIDE, Catalogue, made
from tests.faults.test_release_kill import killed_at

LINES = [b'{"one":1}\n', b'{"two":2}\n']
BEFORE = {"sites/kept.toml": b"old", "gone.toml": b"gone", "journal.jsonl": b'{"zero":0}\n'}
CHANGE = {"sites/kept.toml": b"new", "gone.toml": None, "releases/1.json": b"x", "current": b"1"}
AFTER = {
    "sites/kept.toml": b"new", "releases/1.json": b"x", "current": b"1",
    "journal.jsonl": b"".join([BEFORE["journal.jsonl"], *LINES]),
}  # fmt: skip


@pytest.fixture
def place(tmp_path):
    for name, octets in BEFORE.items():
        path = tmp_path / "catalogue" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
    return tmp_path / "catalogue"


def tree(path):
    """All files, what nobody else reads aside."""
    files = (one for one in path.rglob("*") if one.is_file() and one.name != ".lock")
    return {str(one.relative_to(path)): one.read_bytes() for one in files}


def commit(path, lines=LINES, files=CHANGE):
    folder = Folder(path)
    with folder.locked():
        folder.commit(lines, files)


def recover(path):
    with Folder(path).locked():
        pass


def test_a_change_is_made_whole(place):
    commit(place)
    assert tree(place) == AFTER
    assert not Folder(place).interrupted
    commit(place, [b'{"three":3}\n'], {})
    assert tree(place)["journal.jsonl"].endswith(b'{"two":2}\n{"three":3}\n')


def test_files_are_changed_in_their_order_so_that_the_last_may_name_the_others(place, monkeypatch):
    moved = []
    move = Folder._move

    def noted(folder, staged, target):
        moved.append(str(target.relative_to(place)))
        move(folder, staged, target)

    monkeypatch.setattr(Folder, "_move", noted)
    commit(place)
    assert moved == list(CHANGE)


def test_a_change_that_is_killed_at_any_step_is_made_or_not(place, tmp_path):
    found = []
    for step in range(200):
        path = tmp_path / str(step)
        shutil.copytree(place, path)
        if not killed_at(step, path, lambda catalogue: commit(catalogue.path)):
            break
        recover(path)
        once = tree(path)
        recover(path)  # which changes nothing more
        assert tree(path) == once
        assert once in (BEFORE, AFTER), step
        found.append(once == AFTER)
        commit(path, [b'{"next":1}\n'], {})
        assert tree(path)["journal.jsonl"] == once["journal.jsonl"] + b'{"next":1}\n'
        shutil.rmtree(path)
    assert len(found) > 12, "the steps are not seen"
    assert found == sorted(found)
    assert set(found) == {False, True}


def test_recovery_that_is_killed_at_any_step_goes_on(place, tmp_path):
    """A change that was committed is made, however often the power fails."""
    half = tmp_path / "half"
    for step in range(200):
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(place, half)
        assert killed_at(step, half, lambda catalogue: commit(catalogue.path))
        if Folder(half).interrupted:
            break
    for step in range(200):
        path = tmp_path / str(step)
        shutil.copytree(half, path)
        if not killed_at(step, path, lambda catalogue: recover(catalogue.path)):
            break
        killed_at(step // 2, path, lambda catalogue: recover(catalogue.path))
        recover(path)
        assert tree(path) == AFTER, step
    assert step > 8, "the steps are not seen"


def test_every_act_that_is_killed_leaves_a_right_catalogue(tmp_path):
    """Dispute, the act that must not fail: the entry, the journal and what stands go together."""
    before = made(tmp_path / "before", names=["a.example"], released=False).path
    states = []
    for step in range(200):
        path = tmp_path / str(step)
        shutil.copytree(before, path)

        def dispute(catalogue):
            catalogue.keeper(BEN).move("listed-site", "dispute", "a clinic")

        if not killed_at(step, path, dispute):
            break
        recover(path)
        assert verify.verify(path, WIDE) == [], step
        states.append(Catalogue(path).keeper().edit("listed-site", {"note": "x"}, "").state)
        shutil.rmtree(path)
    assert set(states) == {"approved", "disputed"}
    assert states == sorted(states)


def limited(octets, act):
    """Do it with no file allowed to grow beyond a size, as on a full disk; 3: StateError."""
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))
        try:
            act()
        except StateError as error:
            os._exit(3 if "nothing was changed" in str(error) else 4)
        except BaseException:  # noqa: BLE001  # a child has nobody to tell
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def test_a_full_disk_changes_nothing_and_says_so(tmp_path):
    """Wherever the room ends: in a new file, or in the journal when all else is written."""
    before = made(tmp_path / "before", names=["a.example"], released=False).path
    size = (before / "journal.jsonl").stat().st_size
    ended = []
    for octets in (0, 1, 100, 1000, size, size + 1, size + 300, size + 5000):
        path = tmp_path / str(octets)
        shutil.copytree(before, path)
        was = tree(path)
        keeper = Catalogue(path).keeper(BEN)
        ended.append(limited(octets, lambda: keeper.move("listed-site", "dispute", "x")))  # noqa: B023
        if ended[-1]:
            recover(path)
            assert tree(path) == was, octets
        keeper.move("listed-site", "retire", "there is room again")
        assert verify.verify(path, WIDE) == []
    assert ended == [3] * 7 + [0]


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, tmp_path / "nowhere"):
        with pytest.raises(StateError, match="cannot be written"):
            recover(path)
    with pytest.raises(StateError, match="cannot be written"):
        create(file / "catalogue", {})


def test_what_cannot_be_moved_is_moved_by_the_next_one(place):
    """Past the commit there is no way back, and the words do not say so."""
    (place / "releases").write_text("in the way")
    with pytest.raises(StateError, match="the next command completes it"):
        commit(place)
    assert Folder(place).interrupted
    (place / "releases").unlink()
    recover(place)
    assert tree(place) == AFTER


@pytest.mark.parametrize("change", [b"shorter", BEFORE["journal.jsonl"] + b'{"other":1}\n'])
def test_a_journal_that_was_changed_after_a_crash_is_left_alone(place, tmp_path, change):
    for step in range(200):
        path = tmp_path / str(step)
        shutil.copytree(place, path)
        assert killed_at(step, path, lambda catalogue: commit(catalogue.path))
        if Folder(path).interrupted:
            break
    (path / "journal.jsonl").write_bytes(change)
    with pytest.raises(ListError, match="was changed after a crash"):
        recover(path)
    assert (path / "journal.jsonl").read_bytes() == change
    (path / "journal.jsonl").write_bytes(BEFORE["journal.jsonl"])
    recover(path)
    assert tree(path) == AFTER


HOLD = """
import fcntl, sys
with open(sys.argv[1], "a") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_write_at_once(place, monkeypatch):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, place / ".lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        monkeypatch.setattr(folders, "LOCK_SECONDS", 0.2)
        with pytest.raises(ListError, match="somebody else is changing this catalogue"):
            commit(place)
        assert tree(place) == BEFORE
        holder.stdin.close()
        holder.wait(10)
    commit(place)
    assert tree(place) == AFTER


def test_a_lock_ends_with_the_process_that_held_it(place):
    def die(catalogue):
        with catalogue.folder.locked():
            os.kill(os.getpid(), signal.SIGKILL)

    assert killed_at(1000, place, die)
    commit(place)
    assert tree(place) == AFTER


def test_two_people_at_once_lose_no_line(tmp_path):
    catalogue = made(tmp_path / "catalogue", released=False)
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            try:
                for turn in range(3):
                    catalogue.site(f"Site {number} {turn}", [f"s{number}-{turn}.example"])
            except BaseException:  # noqa: BLE001  # a child has nobody to tell
                os._exit(1)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len((catalogue.path / "journal.jsonl").read_bytes().splitlines()) == 24
    assert verify.verify(catalogue.path, WIDE) == []


def test_a_new_catalogue_keeps_what_is_there(tmp_path):
    path = tmp_path / "a/b"
    create(path, {"one": b"1", "two": b"2"})
    (path / "one").write_bytes(b"mine")
    create(path, {"one": b"1", "three": b"3"})
    assert tree(path) == {"one": b"mine", "two": b"2", "three": b"3"}


def test_rules_come_under_their_digest(place):
    new = place / "new"
    new.write_bytes(b"rules")
    Folder(place).keep_rules(new, "0" * 64)
    assert tree(place)[f"rules/{'0' * 64}.rules"] == b"rules"
    assert not new.exists()
    with pytest.raises(StateError, match="cannot be written"):
        Folder(place).keep_rules(new, "1" * 64)


def test_one_file_is_replaced_whole_and_no_other_is_left(tmp_path):
    file = tmp_path / "file"
    folders.write(file, json.dumps({"a": 1}).encode())
    folders.write(file, b"second")
    assert tree(tmp_path) == {"file": b"second"}
    with pytest.raises(TypeError):
        folders.write(file, "no octets")  # type: ignore[arg-type]
    assert tree(tmp_path) == {"file": b"second"}
