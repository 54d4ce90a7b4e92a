"""What is made comes whole or not at all, and what a killed simulation leaves does not stay."""

import os
import signal
import stat
from contextlib import ExitStack

import pytest

from blockfilter.errors import StateError
from blockfilter.simulation import folders
from blockfilter.simulation.folders import claimed, land, target

PREFIX = ".year.simulating-"


def killed(parent):
    """A process claims a folder, writes to it, and is killed; the folder."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with claimed(parent, PREFIX) as path:
            (path / "hits.db").write_text("of the killed one")
            os.write(writer, path.name.encode())
            signal.pause()
    name = os.read(reader, 100).decode()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for file in (reader, writer):
        os.close(file)
    return parent / name


def left(parent):
    return sorted(path.name for path in parent.iterdir())


def test_a_claimed_folder_is_private_and_goes_with_the_block(tmp_path):
    with claimed(tmp_path, PREFIX) as path:
        assert path.parent == tmp_path
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        (path / "file").touch()
    assert left(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_claimed_folder_goes_when_the_block_fails(tmp_path, error):
    with pytest.raises(error), claimed(tmp_path, PREFIX) as path:
        (path / "file").touch()
        raise error
    assert left(tmp_path) == []


def test_the_folder_of_a_killed_process_is_removed_by_the_next(tmp_path):
    abandoned = killed(tmp_path)
    assert (abandoned / "hits.db").exists()
    with claimed(tmp_path, PREFIX) as path:
        assert left(tmp_path) == [path.name]


def test_folders_of_living_processes_and_of_others_stay(tmp_path):
    others = [f"{PREFIX}kept", f"{PREFIX}abcdefghi", f"x{PREFIX}abcdefgh", ".year.old-abcdefgh"]
    for name in others:
        (tmp_path / name).mkdir()
    (tmp_path / f"{PREFIX}a_file_x").touch()
    os.symlink(tmp_path / others[0], tmp_path / f"{PREFIX}a_link_x")
    with ExitStack() as both:
        first = both.enter_context(claimed(tmp_path, PREFIX))
        second = both.enter_context(claimed(tmp_path, PREFIX))
        assert first != second
        expected = [*others, f"{PREFIX}a_file_x", f"{PREFIX}a_link_x", first.name, second.name]
        assert left(tmp_path) == sorted(expected)


def test_where_no_folder_can_be_made_that_is_told(tmp_path):
    (tmp_path / "file").touch()
    for parent in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(StateError, match=r"cannot be made or used \(.*name another folder"):
            claimed(parent, PREFIX).__enter__()


def test_what_is_landed_is_there_with_its_modes_and_nothing_of_the_draft(tmp_path):
    made, draft, place = tmp_path / "made", tmp_path / "draft", tmp_path / "year"
    for folder in (made, draft):
        folder.mkdir()
    (made / "counts.db").write_bytes(b"\0" * 100_000)
    (made / "counts.db").chmod(0o640)
    (made / "accumulators.db").write_bytes(b"noise")
    (made / "accumulators.db").chmod(0o600)
    land(made, draft, place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert (place / "counts.db").read_bytes() == b"\0" * 100_000
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()}
    assert modes == {"accumulators.db": 0o600, "counts.db": 0o640}
    assert left(tmp_path) == ["made", "year"]


def test_an_empty_folder_is_replaced_and_one_that_was_filled_meanwhile_is_not(tmp_path):
    made, draft, place = tmp_path / "made", tmp_path / "draft", tmp_path / "year"
    for folder in (made, draft, place):
        folder.mkdir()
    (made / "file").touch()
    land(made, draft, place)
    assert left(place) == ["file"]
    draft.mkdir()
    (made / "other").touch()
    with pytest.raises(StateError, match="year: cannot be made or used"):
        land(made, draft, place)
    assert left(place) == ["file"]


def test_a_target_is_a_folder_to_be_made_or_an_empty_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    assert target(tmp_path / "a/b/year") == tmp_path / "a/b/year"
    assert (tmp_path / "a/b").is_dir()
    assert target(tmp_path / "empty") == target(tmp_path / "link") == tmp_path / "empty"
    assert target(tmp_path / "empty/../new") == tmp_path / "new"


def test_a_target_that_is_in_use_is_refused(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "full/of").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "round").symlink_to("round")
    refusals = {
        "full": "is not empty; name a new folder",
        "file": "is no folder; name a new one",
        "file/year": "cannot be made or used",
        "round": "is no folder; name a new one",
        "here": "cannot be replaced; name a folder in it",
        "here/..": "is not empty",
    }
    for name, cause in refusals.items():
        with pytest.raises(StateError) as error:
            target(tmp_path / name)
        assert str(error.value).startswith(f"{tmp_path / name}: {cause}"), name


def test_memory_is_used_where_there_is_room_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(folders, "ROOM", 1)
    assert folders.memory() == tmp_path
    monkeypatch.setattr(folders, "ROOM", 1 << 62)
    assert folders.memory() is None
    monkeypatch.setattr(folders, "ROOM", 1)
    monkeypatch.setattr(folders, "SHARED_MEMORY", tmp_path / "none")
    assert folders.memory() is None
