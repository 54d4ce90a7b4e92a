"""Directories are found in their order, made private, and refused if others have a say in them."""

import os
import stat
from pathlib import Path

import pytest

from blockfilter.config.directories import (
    private,
    ram_backed,
    runtime_directory,
    state_directory,
    state_place,
)
from blockfilter.errors import StateError


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_state_directory_is_configured_or_systemds_or_xdgs(tmp_path):
    environ = {"HOME": "/home/u"}
    assert state_place(None, environ) == Path("/home/u/.local/state/blockfilter")
    environ["XDG_STATE_HOME"] = "/xdg"
    assert state_place(None, environ) == Path("/xdg/blockfilter")
    environ["STATE_DIRECTORY"] = "/var/lib/blockfilter:/var/lib/other"
    assert state_place(None, environ) == Path("/var/lib/blockfilter")
    assert state_place(tmp_path, environ) == tmp_path
    assert state_place(None, {"XDG_STATE_HOME": "relative", "HOME": "/h"}) == Path(
        "/h/.local/state/blockfilter"
    )
    with pytest.raises(StateError, match="--state"):
        state_place(None, {})


def test_a_directory_that_is_made_is_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        state = state_directory(None, {"XDG_STATE_HOME": str(tmp_path / "a/b")})
    finally:
        os.umask(before)
    assert state == tmp_path / "a/b/blockfilter"
    assert mode_of(state) == 0o700


def test_the_runtime_directory_is_found_in_its_order(tmp_path):
    places = {name: tmp_path / name for name in ("given", "systemd", "xdg", "shm", "state")}
    for name in ("xdg", "shm", "state"):
        places[name].mkdir()
    environ = {"XDG_RUNTIME_DIR": str(places["xdg"]), "RUNTIME_DIRECTORY": str(places["systemd"])}

    def found(configured: Path | None, environ: dict[str, str], shm: Path = places["shm"]) -> Path:
        return runtime_directory(configured, environ, places["state"], shared_memory=shm)

    mine = places["shm"] / f"blockfilter-{os.geteuid()}"
    assert found(places["given"], environ) == places["given"]
    assert found(None, environ) == places["systemd"]
    assert found(None, {"XDG_RUNTIME_DIR": str(places["xdg"])}) == places["xdg"] / "blockfilter"
    assert found(None, {"XDG_RUNTIME_DIR": str(tmp_path / "gone")}) == mine
    assert found(None, {}) == mine
    assert found(None, {}, tmp_path / "no-shm") == places["state"] / "runtime"
    for path in (places["given"], mine, places["state"] / "runtime"):
        assert mode_of(path) == 0o700


def test_what_another_put_into_shared_memory_is_not_followed(tmp_path):
    shm, state, target = tmp_path / "shm", tmp_path / "state", tmp_path / "target"
    for directory in (shm, state, target):
        directory.mkdir()
    (shm / f"blockfilter-{os.geteuid()}").symlink_to(target)
    found = runtime_directory(None, {}, state, shared_memory=shm)
    assert found == state / "runtime"
    assert not list(target.iterdir())


def test_a_link_that_was_configured_is_followed(tmp_path):
    (tmp_path / "private").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "private")
    assert private(tmp_path / "link") == tmp_path / "link"


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_directory_that_others_may_write_to_is_refused_and_left_as_it_is(tmp_path, mode):
    path = tmp_path / "shared"
    path.mkdir()
    path.chmod(mode)
    with pytest.raises(StateError, match="others may write"):
        private(path)
    assert mode_of(path) == mode


def test_a_directory_that_others_may_only_read_is_used_and_left_as_it_is(tmp_path):
    path = tmp_path / "readable"
    path.mkdir()
    path.chmod(0o755)
    assert mode_of(private(path)) == 0o755


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o711, 0o704])
def test_a_runtime_directory_that_others_may_look_into_is_refused(tmp_path, mode):
    path = tmp_path / "readable"
    path.mkdir()
    path.chmod(mode)
    for configured, environ in ((path, {}), (None, {"RUNTIME_DIRECTORY": str(path)})):
        with pytest.raises(StateError, match="others may look into it; chmod 700"):
            runtime_directory(configured, environ, tmp_path)
    assert mode_of(path) == mode


def test_a_directory_of_another_user_is_refused(tmp_path):
    path = tmp_path / "foreign"
    path.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    else:
        path = Path("/usr")  # root's, on every machine that runs tests as somebody else
    with pytest.raises(StateError, match="another user"):
        private(path)


def test_what_is_no_directory_is_refused_with_its_name(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "below"):
        with pytest.raises(StateError, match=str(path)):
            private(path)


def test_the_systems_mount_table_tells_what_is_memory(tmp_path):
    shm = Path("/dev/shm")
    if not shm.is_dir():
        pytest.skip("no shared memory on this machine")
    assert ram_backed(shm)
    assert not ram_backed(Path("/usr"))
    assert not ram_backed(Path("/proc"))
    assert not ram_backed(tmp_path / "missing")


@pytest.mark.parametrize(
    ("kinds", "memory"),
    [
        (["tmpfs"], True),
        (["ramfs"], True),
        (["overlay"], False),
        (["ext4"], False),
        ([], False),
        (["tmpfs", "tmpfs"], True),
    ],
)
def test_only_tmpfs_and_ramfs_are_memory(tmp_path, kinds, memory):
    device = tmp_path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    lines = ["21 1 254:99 / / rw - ext4 /dev/x rw", "broken"]
    lines += [f"22 21 {number} / /a\\040b rw,nosuid shared:2 - {kind} none rw" for kind in kinds]
    mounts.write_text("\n".join(lines))
    assert ram_backed(tmp_path, mounts=mounts) is memory
    assert not ram_backed(tmp_path, mounts=tmp_path / "missing")
