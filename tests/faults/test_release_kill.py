"""A release or a rollback that is killed at any step has happened whole or not at all."""

import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blockfilter.catalog import layering, release, verify
from blockfilter.catalog.folder import Folder
from blockfilter.catalog.manifest import rules_file
from blockfilter.errors import StateError
from tests.catalogs import WIDE, Catalogue, compiling_here, made

STEPS = frozenset(
    ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate")
)
FEWEST = 10  # steps of a rollback; a release has five times as many
SAMPLED = 10  # after every tenth step the release is made again
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module", autouse=True)
def one_process() -> Iterator[None]:
    """The compiler works in the process that is killed, too."""
    with compiling_here():
        yield


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with two releases, an approved entry that waits for the third, and one in two."""
    path = tmp_path_factory.mktemp("before") / "catalogue"
    catalogue = made(path, names=["a.example"], imported={"ads": "b.example\nc.example\n"})
    catalogue.site("Second Site", ["d.example"])
    catalogue.release()
    catalogue.site("Third Site", ["e.example"])
    ending = catalogue.site("Ending Site", ["f.example"])
    catalogue.keeper().edit(ending, {"expires": "2026-11-20"}, "it ended")
    catalogue.move(ending, "approve")
    return path


def killed_at(step: int, path: Path, act: Callable[[Catalogue], object]) -> bool:
    """Run `act` on a catalogue and kill it before its step of this number; whether it came so far."""
    child = os.fork()
    if not child:
        steps = iter(range(step))
        within = (str(path), *"abcdefghijklmnopqrstuvwxyz0123456789.")  # and what lies in it

        def count(event: str, args: tuple[object, ...]) -> None:
            if event not in STEPS or not str(args[0]).startswith(within):
                return
            if event == "open" and isinstance(args[2], int) and not args[2] & WRITES:
                return
            if next(steps, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            catalogue = Catalogue(path)
            sys.addaudithook(count)
            act(catalogue)
        except BaseException:  # noqa: BLE001  # a child has nobody to tell
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), "the act itself fails"
    return status != 0


def kills(
    before: Path, place: Path, act: Callable[[Catalogue], object]
) -> Iterator[tuple[int, Path]]:
    """The catalogue as it is after each kill."""
    for step in range(1000):
        path = place / f"{step}"
        shutil.copytree(before, path)
        if not killed_at(step, path, act):
            assert step > FEWEST, "the steps are not seen"
            return
        yield step, path
        shutil.rmtree(path)
    raise AssertionError("the act never ends")


def check_whole(path: Path) -> int:
    """The release in force is whole; its serial."""
    found = release.in_force(path)
    assert found is not None
    for listed in found.lists:
        layering.check_digest(rules_file(path, listed), listed.sha256)
    return found.serial


def check_usable(path: Path) -> None:
    """The next command works, and nobody can tell that something happened."""
    catalogue = Catalogue(path)
    catalogue.passes(minutes=1)
    catalogue.site("Later Site", ["later.example"], approved=False)
    assert not Folder(path).interrupted
    assert verify.verify(path, WIDE) == []


def test_a_release_that_is_killed_at_any_step_is_there_or_not(before, tmp_path):
    serials = []
    for step, path in kills(before, tmp_path, lambda catalogue: catalogue.release()):
        serial = check_whole(path)
        check_usable(path)
        assert check_whole(path) in (serial, 3), step
        serials.append(check_whole(path))
        assert len(release.serials(path)) == serials[-1]
        if step % SAMPLED == 0 and serials[-1] == 2:
            assert Catalogue(path).release().serial == 3
    assert serials == sorted(serials)
    assert set(serials) == {2, 3}


def test_a_rollback_that_is_killed_at_any_step_has_happened_or_not(before, tmp_path):
    serials = []
    for step, path in kills(before, tmp_path, lambda catalogue: catalogue.rollback(1)):
        serial = check_whole(path)
        check_usable(path)
        assert check_whole(path) in (serial, 1), step
        serials.append(check_whole(path))
        assert release.standing(path).paused or serials[-1] == 2
    assert set(serials) == {1, 2}
    assert serials == sorted(serials, reverse=True)


def limited(octets: int, path: Path) -> int:
    """Release with no file allowed to grow beyond a size, as on a full disk; what came of it."""
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))
        try:
            Catalogue(path).release()
        except StateError:
            os._exit(3)
        except BaseException:  # noqa: BLE001  # a child has nobody to tell
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("octets", [0, 10, 100, 500, 1000, 4000])
def test_a_full_disk_leaves_the_old_release_in_force(before, tmp_path, octets):
    path = tmp_path / "catalogue"
    shutil.copytree(before, path)
    assert limited(octets, path) == 3
    assert check_whole(path) == 2
    check_usable(path)
    assert check_whole(path) == 2
    assert Catalogue(path).release().serial == 3
