"""The command line as a process: how long help takes, what it imports, how it fails."""

import subprocess
import sys
import time

import pytest

from blockfilter import __version__

HEAVY = [
    "pydantic",
    "tldextract",
    "sqlite_utils",
    "apscheduler",
    "dnslib",
    "idna",
    "marisa_trie",
    "re2",
    "asyncio",
]


def run(*arguments: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "blockfilter", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **(environ or {})},
    )


def test_the_version_is_the_packages():
    assert run("--version").stdout == f"blockfilter, version {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["config", "--help"]])
def test_help_imports_no_library_but_click(arguments):
    code = (
        "import sys; from blockfilter.cli import main; main(sys.argv[1:], standalone_mode=False);"
        f"print('heavy:', [m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("heavy: []\n")


def test_help_comes_at_once():
    def seconds() -> float:
        begun = time.perf_counter()
        assert run("--help").returncode == 0
        return time.perf_counter() - begun

    assert min(seconds() for _ in range(3)) < 0.3


def test_defaults_are_shown_without_pydantic():
    code = (
        "import sys; from blockfilter.cli import main;"
        "main(['config', 'show'], standalone_mode=False); assert 'pydantic' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, env={"HOME": "/nonexistent"}
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["serve", "--nonsense"],
        ["serve", "extra"],
        ["health", "--server", "nonsense"],
        ["config", "show", "extra"],
    ],
)
def test_wrong_use_is_exit_code_2(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "Error: " in done.stderr


def test_serve_reports_every_mistake_as_a_line_and_exits_1():
    done = run(
        *("serve", "--listen", "here", "--upstream", "there", "--listen", "127.0.0.1:99999"),
        environ={"BLOCKFILTER_LOG__LEVEL": "loud"},
    )
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("blockfilter: ") for line in lines)
    assert [line.split()[1] for line in lines] == [
        "server.listen[0]",
        "server.listen[1]",
        "upstream.servers[0]",
        "log.level",
    ]
