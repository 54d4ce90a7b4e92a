"""What `deploy/` says is true of the program beside it: units, image, settings, options, locks."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from blockfilter.config import fields
from blockfilter.config.load import read, variable

TOP = Path(__file__).parent.parent
DEPLOY = TOP / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
WORST_SCORE = 2.0  # of 10, as the service's sandbox was asked for
PINNED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)", re.MULTILINE)

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
needs_dnsmasq = pytest.mark.skipif(
    shutil.which("dnsmasq", path="/usr/sbin:/usr/bin") is None, reason="dnsmasq is not installed"
)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)


def words_of_deploy() -> Iterator[tuple[Path, str]]:
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file():
            yield path, path.read_text()


@needs_systemd
def test_the_service_is_sandboxed():
    unit = str(DEPLOY / "systemd/blockfilter.service")
    rated = run("systemd-analyze", "security", "--offline=true", unit)
    score = re.search(r"Overall exposure level for blockfilter.service: ([\d.]+)", rated.stdout)
    assert score, rated.stderr
    assert float(score[1]) <= WORST_SCORE
    assert f"rates it {score[1]} " in (DEPLOY / "README.md").read_text()


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_every_line_of_a_unit(unit, tmp_path):
    startable = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text())
    (tmp_path / unit.name).write_text(startable)
    checked = run("systemd-analyze", "verify", str(tmp_path / unit.name))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@needs_dnsmasq
def test_dnsmasq_understands_the_break_glass_configuration():
    dnsmasq = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
    checked = run(str(dnsmasq), "--test", f"--conf-file={DEPLOY / 'bypass.conf'}")
    assert checked.returncode == 0, checked.stderr


def test_the_configuration_has_no_mistake():
    found = read(DEPLOY / "blockfilter.toml", {}, {})
    assert not found.warnings
    assert [str(one.address) for one in found.settings.server.listen] == ["192.0.2.53", "127.0.0.1"]


def test_neither_have_the_examples_in_its_comments(tmp_path):
    text = re.sub(r"(?m)^# (?=\[|\w+ = )", "", (DEPLOY / "blockfilter.toml").read_text())
    (tmp_path / "own.txt").write_text("listed.example\n")
    (tmp_path / "all.toml").write_text(text)
    found = read(tmp_path / "all.toml", {}, {}).settings
    assert (len(found.route), len(found.list)) == (1, 1)


def test_the_bypass_forwards_from_and_to_the_same_addresses():
    settings = read(DEPLOY / "blockfilter.toml", {}, {}).settings
    lines = (DEPLOY / "bypass.conf").read_text().splitlines()
    ours = {f"listen-address={one.address}" for one in settings.server.listen}
    ours |= {f"server={one.address}" for one in settings.upstream.servers}
    assert ours == {line for line in lines if line.startswith(("listen-address=", "server="))}


def test_the_readmes_toml_is_a_configuration(tmp_path):
    blocks = re.findall(r"```toml\n(.*?)```", (DEPLOY / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        (tmp_path / "block.toml").write_text(block)
        read(tmp_path / "block.toml", {}, {})


def test_every_setting_named_exists():
    keys = {key for key, _ in fields.every_key()}
    sections = {key.partition(".")[0] for key in keys}
    named = re.findall(r"`([a-z_]+\.[a-z_]+)(?:`| =)", (DEPLOY / "README.md").read_text())
    assert {"policy.allow", "limits.exempt"} <= set(named)
    assert [key for key in named if key.partition(".")[0] in sections and key not in keys] == []


def test_every_environment_variable_named_exists():
    known = {variable(key) for key, _ in fields.every_key()}
    for path, text in words_of_deploy():
        named = set(re.findall(r"BLOCKFILTER_\w+", text)) - {"BLOCKFILTER_"}
        assert named <= known, path


def test_every_command_and_option_named_exists():
    # In a fence, in back quotes, behind a path, in a comment's quotes, as a list of words.
    command = re.compile(
        r"""(?:[`"]|bin/|^ *|&& |exec blockfilter )"""
        r"""blockfilter"?,? "?((?:config )?[a-z]+)((?: --?[a-z-]+)*)"""
    )
    found = {named.groups() for line in lines_of_code() if (named := command.search(line))}
    assert {name for name, _ in found} >= {"serve", "health", "check", "config check"}
    for name, options in found:
        told = run(sys.executable, "-m", "blockfilter", *name.split(), "--help")
        assert told.returncode == 0, f"blockfilter {name}: {told.stderr}"
        assert set(options.split()) <= set(re.findall(r"--[a-z-]+", told.stdout)), name


def test_the_container_has_no_right_it_does_not_need():
    service = yaml((DEPLOY / "container/compose.yaml").read_text())["services"]["blockfilter"]
    assert service["read_only"] == "true"
    assert service["cap_drop"] == "[ALL]"
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["mem_limit"] == service["memswap_limit"]  # else the tmpfs may be swapped out
    assert any(mount.startswith("/run/blockfilter:") for mount in service["tmpfs"])
    assert (DEPLOY / "container" / service["build"]["context"]).resolve() == TOP
    assert (TOP / service["build"]["dockerfile"]).is_file()


def test_the_image_has_a_user_a_port_and_folders_of_its_own():
    text = (DEPLOY / "container/Containerfile").read_text()
    service = yaml((DEPLOY / "container/compose.yaml").read_text())["services"]["blockfilter"]
    uid = re.search(r"--uid (\d+)", text)
    assert uid
    assert service["user"] == f'"{uid[1]}:{uid[1]}"'
    assert all(f"uid={uid[1]}" in mount for mount in service["tmpfs"] if "/run/" in mount)
    port = re.search(r"BLOCKFILTER_SERVER__LISTEN=0\.0\.0\.0:(\d+)", text)
    assert port
    assert [mapped.rpartition(":")[2] for mapped in service["ports"]] == [
        f"{port[1]}/udp",
        f"{port[1]}/tcp",
    ]
    assert "\nUSER blockfilter\n" in text
    assert "--require-hashes" in text


def test_what_the_wheel_is_made_of_reaches_the_image():
    sent = {
        line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    project = pyproject()["project"]
    folders = {"blockfilter", *pyproject()["tool"]["setuptools"]["package-dir"].values()}
    assert {"pyproject.toml", project["readme"], *project["license-files"], *folders} <= sent
    assert "deploy/requirements.lock" in sent


def test_the_locks_pin_what_the_project_asks_for():
    project = pyproject()["project"]
    everything, server = pins(TOP / "requirements.lock"), pins(DEPLOY / "requirements.lock")
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    build = pyproject()["build-system"]["requires"]
    for lock, wanted in (
        (everything, [*project["dependencies"], *extras, *build]),
        (server, [*project["dependencies"], *build]),
    ):
        for requirement in map(Requirement, wanted):
            version = lock[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), f"{requirement}: run deploy/lock"
    assert server.items() <= everything.items()


def test_every_pin_has_a_hash():
    for path in (TOP / "requirements.lock", DEPLOY / "requirements.lock"):
        entries = re.split(r"\n(?=[a-z0-9])", path.read_text())[1:]
        named = {re.split("[= ]", entry, maxsplit=1)[0] for entry in entries}
        assert len(named) == len(pins(path))
        assert all("--hash=sha256:" in entry for entry in entries)


def lines_of_code() -> Iterator[str]:
    """Every line of deploy that is no prose; of a README its fences and what is in back quotes."""
    for path, text in words_of_deploy():
        if path.suffix != ".md":
            yield from text.splitlines()
            continue
        parts = text.split("```")
        for fence in parts[1::2]:
            yield from fence.splitlines()
        for prose in parts[::2]:
            yield from re.findall(r"`[^`]+`", prose)


def pyproject() -> dict[str, Any]:
    return tomllib.loads((TOP / "pyproject.toml").read_text())


def pins(path: Path) -> dict[str, str]:
    return {found["name"]: found["version"] for found in PINNED.finditer(path.read_text())}


def yaml(text: str) -> Any:
    """Read the part of YAML that compose.yaml keeps to: block mappings and lists; scalars as text."""
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    value, rest = _block(lines, 0)
    assert not rest, rest
    return value


def _block(lines: list[str], indent: int) -> tuple[Any, list[str]]:
    if lines[0].lstrip().startswith("- "):
        items = []
        while lines and lines[0].startswith(" " * indent + "- "):
            items.append(lines.pop(0).strip()[2:])
        return items, lines
    mapping: dict[str, Any] = {}
    while lines and _indent(lines[0]) == indent:
        found = re.fullmatch(r"([\w.-]+):(?: +(.+))?", lines.pop(0).strip())
        assert found, "not a line of a mapping"
        assert found[1] not in mapping, f"{found[1]} is there twice"
        mapping[found[1]] = found[2]
        if found[2] is None and lines and _indent(lines[0]) > indent:
            mapping[found[1]], lines = _block(lines, _indent(lines[0]))
    return mapping, lines


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
