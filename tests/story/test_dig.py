"""What an administrator sees with dig, which sends a cookie and checks all it gets."""

import shutil
import subprocess

import pytest

from tests.world import Server, World

pytestmark = pytest.mark.skipif(not shutil.which("dig"), reason="dig is not installed")


def dig(server: Server, *arguments: str) -> str:
    """The output of dig; it ends with 0 when it got a response, and complains of a bad one."""
    host, port = server.address
    command = ["dig", f"@{host}", "-p", str(port), "+tries=1", "+time=5", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert "WARNING" not in done.stdout, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["backpage.com"],
        ["www.RubMaps.net", "HTTPS"],
        ["www.RubMaps.net", "TYPE65280"],
        ["backpage.com", "+tcp"],
        ["backpage.com", "+dnssec", "+cdflag", "+adflag"],
        ["check.blockfilter.test", "+keepopen", "+tcp", "+keepalive"],
    ],
    ids=" ".join,
)
def test_a_blocked_name_is_nxdomain_with_ede_15(server: Server, arguments: list[str]) -> None:
    said = dig(server, *arguments)
    assert "status: NXDOMAIN" in said
    assert "EDE: 15 (Blocked)" in said
    assert "\tSOA\t" in said
    assert arguments[0] in said.split("QUESTION SECTION")[1], "in the case it was asked"


def test_an_allowed_name_resolves_over_udp_and_tcp(server: Server, world: World) -> None:
    for options in ([], ["+tcp"], ["+noedns"], ["+bufsize=4096"], ["+subnet=198.51.100.0/24"]):
        said = dig(server, world.fresh(), *options)
        assert "status: NOERROR" in said
        assert "192.0.2.1" in said
        assert ("EDNS: version: 0" in said) == (options != ["+noedns"])


def test_ends_of_the_protocol(server: Server) -> None:
    assert "status: BADVERS" in dig(server, "example.com", "+edns=1", "+noednsneg")
    assert "status: NOTIMP" in dig(server, "example.com", "+opcode=5", "+noedns")
    assert "status: REFUSED" in dig(server, "version.bind", "CH", "TXT")
    assert "RFC8482" in dig(server, "example.com", "ANY")
