"""Plain lists of the administrator's own."""

import json
from pathlib import Path

import dns.rcode
import pytest

from tests.story.test_blocked import blocked
from tests.world import Server, World, run

FORMS = """\
\ufeff# a comment
domain.example
  indented.example   # with a comment behind

UPPER.Example.
0.0.0.0 hosts.example
127.0.0.1\ttabbed.example second.example
::1 six.example
::  unspecified.example
b\u00fccher.example
xn--mnchen-3ya.example
under_score.example
"""
WRONG = """\
good-first.example
not a name at all
-..-
good-middle.example
http://www.example.com/page
0.0.0.0
{}.example
good-last.example
"""
BINARY = bytes(range(256)) * 40
HTML = b"<!DOCTYPE html>\n<html><body><p>domain.example</p></body></html>\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine.txt"


def test_a_domain_line_blocks_the_name_and_all_below_and_a_hosts_line_the_exact_name(
    world: World, mine: Path
) -> None:
    mine.write_bytes(FORMS.replace("\n", "\r\n").encode())
    with world.server(lists=[mine]) as server:
        for name in (
            "domain",
            "indented",
            "upper",
            "xn--bcher-kva",
            "xn--mnchen-3ya",
            "under_score",
        ):
            assert blocked(server.ask(f"{name}.example")), name
            assert blocked(server.ask(f"www.{name}.example")), name
        for name in ("hosts", "tabbed", "second", "six", "unspecified"):
            response = server.ask(f"{name}.example")
            assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, []), name
            assert server.ask(f"www.{name}.example").answer, name
        assert server.ask("example").answer
        assert server.ask("localhost").answer


def test_a_wrong_line_is_reported_with_its_number_and_skipped(world: World, mine: Path) -> None:
    mine.write_text(WRONG.format("a" * 64))
    with world.server(lists=[mine]) as server:
        for name in ("good-first", "good-middle", "good-last"):
            assert blocked(server.ask(f"{name}.example"))
        assert server.ask("www.example.com").answer
        said = [line for line in server.log.splitlines() if "mine.txt" in line]
        for number in (2, 3, 6, 7):
            assert [one for one in said if f"{number}" in one.partition("mine.txt")[2]], number
        assert not [one for one in said if "http:" in one], "a line is told by its number"


@pytest.mark.parametrize(
    "content",
    [b"", b"# nothing\n\n", b"no name here\n-..-\n", HTML, BINARY, b"\x1f\x8b\x08\0" + BINARY],
    ids=["empty", "comments", "no usable line", "HTML page", "binary", "compressed"],
)
def test_a_file_that_is_no_list_is_refused_whole_and_the_last_good_policy_stays(
    lists_server: tuple[Server, Path], content: bytes
) -> None:
    server, mine = lists_server
    mine.write_bytes(content)
    lines = len(server.log.splitlines())
    server.reload()
    assert "mine.txt" in "".join(server.log.splitlines()[lines:]), "it is reported"
    assert blocked(server.ask("www.last-good.example"))
    assert blocked(server.ask("backpage.com"))
    assert server.ask("domain.example").answer


@pytest.fixture(scope="module")
def lists_server(world: World, tmp_path_factory: pytest.TempPathFactory):
    mine = tmp_path_factory.mktemp("lists") / "mine.txt"
    mine.write_text("last-good.example\n")
    with world.server(lists=[mine]) as server:
        yield server, mine


def test_a_missing_list_keeps_the_last_good_policy(lists_server: tuple[Server, Path]) -> None:
    server, mine = lists_server
    mine.unlink()
    server.reload()
    assert blocked(server.ask("www.last-good.example"))


def test_a_list_may_be_repeated_and_monitored(world: World, tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one.txt", "two.txt", "three.txt"))
    for path in (one, two, three):
        path.write_text(f"{path.stem}.example\nall.example\n")
    config = f'[[list]]\nfile = "{three}"\nmode = "monitor"\n'
    with world.server(lists=[one, two], config=config) as server:
        assert blocked(server.ask("one.example"))
        assert blocked(server.ask("two.example"))
        assert server.ask("three.example", source="127.8.0.1").answer
        assert blocked(server.ask("all.example", source="127.8.0.2"))
        (watched,) = server.hits_of("127.8.0.1")
        assert (watched.category, watched.mode) == ("other", "monitored")
        assert {(hit.category, hit.mode) for hit in server.hits_of("127.8.0.2")} == {
            ("other", "enforced"),
            ("other", "monitored"),
        }


def test_hundred_thousand_entries_are_no_burden(world: World, mine: Path) -> None:
    mine.write_text("".join(f"n{number}.many.example\n" for number in range(100_000)))
    with world.server(lists=[mine]) as server:
        for number in (0, 50_000, 99_999):
            assert blocked(server.ask(f"www.n{number}.many.example"))
        assert server.ask("n100000.many.example").answer
        assert server.memory() < 120 << 20


def test_check_decides_as_the_server_does(server: Server, tmp_path: Path) -> None:
    names = ["backpage.com", "WWW.RubMaps.net.", "craigslist.org", "myrubmaps.com", "rainn.org"]
    done = run("check", "--json", "--stdin", place=tmp_path, text="\n".join(names) + "\n")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(names)
    for name, row in zip(names, rows, strict=True):
        assert row["blocked"] == blocked(server.ask(name)), name
        assert set(row) >= {"name", "blocked", "mode", "rule", "list", "site", "category", "why"}
    assert [row["mode"] for row in rows][2] == "monitored"
