import gzip
import hashlib
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import blockfilter
from blockfilter.catalog.body import Fetched
from blockfilter.catalog.network import LIMITS, SYSTEM, Limits, Network, addresses, public
from blockfilter.catalog.source import MAX_REDIRECTS, fetch
from blockfilter.errors import SourceError, StateError
from tests.https import Authority, Page, Publisher, redirect

BODY = b"a.example\nb.example\n" * 50
SECRET = "token-5e2c"
DATE = "Sun, 22 Nov 2026 03:00:00 GMT"

Fetch = Callable[..., Fetched]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def publisher(authority: Authority) -> Iterator[Publisher]:
    with Publisher(authority.server()) as running:
        yield running


@pytest.fixture
def network(authority: Authority) -> Network:
    """Trusts the test's authority; to it the publisher's address is a public one."""
    return Network(trust=authority.trust(), public=lambda address: address == "127.0.0.1")


@pytest.fixture
def get(network: Network, tmp_path: Path) -> Iterator[Fetch]:
    """`fetch` into a folder that holds nothing but what was fetched."""
    taken: list[Path] = []

    def fetched(url: str, **how: Any) -> Fetched:
        found = fetch(url, into=tmp_path, **{"network": network, **how})
        taken.extend([found.file] if found.file else [])
        return found

    yield fetched
    assert sorted(tmp_path.iterdir()) == sorted(taken)


def refused(get: Fetch, url: str, **how: Any) -> str:
    """What is said when the fetch fails: a sentence with a remedy, and no secret."""
    with pytest.raises(SourceError) as error:
        get(url, **how)
    said = str(error.value)
    assert ": " in said
    assert "; " in said
    assert SECRET not in said
    return said


def test_a_list_is_fetched_over_https(publisher: Publisher, get: Fetch) -> None:
    url = publisher.put(BODY, etag=True, last_modified=DATE)
    found = get(url)
    assert found.file
    assert found.file.read_bytes() == BODY
    assert found[1:] == (
        publisher.pages["/list.txt"].tag,
        DATE,
        hashlib.sha256(BODY).hexdigest(),
        len(BODY),
    )


def test_the_publisher_learns_the_version_and_nothing_more(
    publisher: Publisher, get: Fetch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    get(publisher.put(BODY))
    (asked,) = publisher.asked
    assert asked.headers["user-agent"] == f"blockfilter/{blockfilter.__version__}"
    assert asked.headers["host"] == publisher.url("").removeprefix("https://")
    assert set(asked.headers) == {"host", "user-agent", "accept", "accept-encoding"}


@pytest.mark.parametrize("how", [{"etag": True}, {"last_modified": DATE}])
def test_what_has_not_changed_is_not_sent_again(
    publisher: Publisher, get: Fetch, how: dict[str, Any]
) -> None:
    url = publisher.put(BODY, **how)
    first = get(url)
    second = get(url, etag=first.etag, last_modified=first.last_modified)
    assert second == Fetched(None, first.etag, first.last_modified, "", 0)
    publisher.put(BODY + b"c.example\n", etag=True)
    assert get(url, etag=first.etag, last_modified=first.last_modified).octets == len(BODY) + 10


@pytest.mark.parametrize(
    "how",
    [
        {"gzip": True},
        {"gzip": True, "chunked": True},
        {"gzip": True, "length": False},
        {"chunked": True},
        {"length": False},
    ],
    ids=str,
)
def test_a_body_is_taken_however_it_is_sent(
    publisher: Publisher, get: Fetch, how: dict[str, Any]
) -> None:
    found = get(publisher.put(BODY, **how))
    assert found.file
    assert found.file.read_bytes() == BODY
    assert found.sha256 == hashlib.sha256(BODY).hexdigest()


def test_gzip_may_have_several_members(publisher: Publisher, get: Fetch) -> None:
    sent = gzip.compress(BODY) + gzip.compress(b"") + gzip.compress(BODY)
    assert get(publisher.put(sent, headers={"Content-Encoding": "gzip"})).octets == 2 * len(BODY)


def test_progress_is_told(publisher: Publisher, get: Fetch) -> None:
    told: list[tuple[str, int, int]] = []
    get(publisher.put(BODY), progress=lambda *step: told.append(step))
    assert told[-1] == ("fetch 127.0.0.1", len(BODY), len(BODY))


def test_redirects_are_followed_and_end(publisher: Publisher, get: Fetch) -> None:
    publisher.put(BODY, path=f"/{MAX_REDIRECTS}")
    for hop in range(MAX_REDIRECTS):
        status = (301, 302, 303, 307, 308)[hop % 5]
        publisher.pages[f"/{hop}"] = redirect(f"{hop + 1}", status)  # relative
    assert get(publisher.url("/0")).octets == len(BODY)
    publisher.pages["/before"] = redirect(publisher.url("/0"))
    assert "redirects more than 5 times" in refused(get, publisher.url("/before"))


def test_a_loop_of_redirects_ends(publisher: Publisher, get: Fetch) -> None:
    publisher.pages["/a"], publisher.pages["/b"] = redirect("/b"), redirect("/a")
    refused(get, publisher.url("/a"))
    assert len(publisher.asked) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "no web address"),
        ("ftp://127.0.0.1/list", "no web address"),
        ("https:///list", "no web address"),
        ("list.txt", "no web address"),
        ("", "no web address"),
        (f"https://user:{SECRET}@127.0.0.1/list", "credentials"),
        (f"https://{SECRET}@127.0.0.1/list", "credentials"),
        (f"http://127.0.0.1/list?{SECRET}", "plain HTTP"),
        (f"https://[::1/{SECRET}", "a URL that is none"),
        (f"https://127.0.0.1:x/{SECRET}", "a URL that is none"),
        (f"https://a\nb/{SECRET}", "a URL that is none"),
    ],
)
def test_other_urls_are_refused_also_as_a_redirect(
    publisher: Publisher, get: Fetch, url: str, said: str
) -> None:
    assert said in refused(get, url)
    if "://" in url and "\n" not in url and url != "https:///list":
        publisher.pages["/list.txt"] = redirect(url)
        assert said in refused(get, publisher.url())


def test_a_redirect_never_leads_to_plain_http_unless_allowed(
    publisher: Publisher, get: Fetch
) -> None:
    with Publisher() as plain:
        publisher.pages["/list.txt"] = redirect(plain.put(BODY))
        assert "plain HTTP" in refused(get, publisher.url())
        assert plain.connections == 0
        assert get(publisher.url(), plain_http=True).octets == len(BODY)
        assert get(plain.url(), plain_http=True).octets == len(BODY)


def test_a_redirect_never_leads_to_a_private_address_unless_allowed(
    publisher: Publisher, get: Fetch, authority: Authority
) -> None:
    with Publisher(authority.server(), host="127.0.0.2") as inside:
        publisher.pages["/list.txt"] = redirect(inside.put(BODY))
        assert "private or reserved" in refused(get, publisher.url())
        assert inside.connections == 0
        assert get(publisher.url(), private=True).octets == len(BODY)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "0.0.0.0"])
def test_this_machine_is_private_however_it_is_written(
    publisher: Publisher, get: Fetch, authority: Authority, host: str
) -> None:
    publisher.put(BODY)
    only = Network(trust=authority.trust())
    said = refused(get, publisher.url(host=host), network=only)
    assert "private or reserved" in said
    assert publisher.connections == 0


def test_every_address_of_a_host_must_be_public(publisher: Publisher, get: Fetch) -> None:
    publisher.put(BODY)
    both = Network(resolve=lambda _host, _port: ["93.184.215.14", "127.0.0.1"])
    assert "private or reserved" in refused(get, publisher.url(host="localhost"), network=both)
    assert publisher.connections == 0


def test_the_connection_is_made_to_the_address_that_was_checked(
    publisher: Publisher, get: Fetch, network: Network, authority: Authority
) -> None:
    """A name that has another address a moment later does not lead inside."""
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    publisher.put(BODY)
    url = publisher.url(host="localhost")
    assert get(url, network=network._replace(resolve=rebinding)).octets == len(BODY)
    assert asked == ["localhost"]
    assert publisher.asked[0].headers["host"].startswith("localhost:")


def test_the_next_address_is_tried(publisher: Publisher, get: Fetch, network: Network) -> None:
    several = Network(
        trust=network.trust,
        resolve=lambda _host, _port: ["127.0.0.9", "127.0.0.1"],
        public=lambda _address: True,
    )
    url = publisher.put(BODY).replace("127.0.0.1", "localhost")
    assert get(url, network=several).octets == len(BODY)


def test_a_literal_address_of_ipv6_is_asked_by_its_name(
    authority: Authority, get: Fetch, network: Network
) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 loopback here")
        port = probe.getsockname()[1]
    said = refused(get, f"https://[::1]:{port}/list", private=True)
    assert said.startswith("::1: cannot be reached")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%lo",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_the_internets(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::8.8.8.8", "2002:808:808::1"],
)
def test_an_address_of_the_internet(address: str) -> None:
    assert public(address)


def test_a_name_without_address_is_said() -> None:
    with pytest.raises(SourceError, match=r"nowhere\.invalid: has no address"):
        addresses("nowhere.invalid", 443)
    with pytest.raises(SourceError, match="has no address"):
        addresses("a" * 64 + ".example", 443)


def test_an_unknown_authority_is_not_trusted(publisher: Publisher, get: Fetch) -> None:
    said = refused(get, publisher.put(BODY), network=SYSTEM, private=True)
    assert "certificate is not trusted" in said


@pytest.mark.parametrize("how", [{"names": ("other.example",)}, {"expired": True}], ids=str)
def test_a_wrong_certificate_is_not_trusted(
    authority: Authority, get: Fetch, how: dict[str, Any]
) -> None:
    with Publisher(authority.server(**how)) as impostor:
        said = refused(get, impostor.put(BODY))
    assert "certificate is not trusted" in said
    assert not impostor.asked


def test_the_environment_names_another_trust_store(
    publisher: Publisher, get: Fetch, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = publisher.put(BODY)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    assert get(url, network=SYSTEM, private=True).octets == len(BODY)
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    assert "trust store cannot be read" in refused(get, url, network=SYSTEM, private=True)


def test_a_server_without_tls_is_said(get: Fetch) -> None:
    with Publisher() as plain:
        url = plain.put(BODY).replace("http:", "https:")
        assert "no secure connection" in refused(get, url)


def test_a_server_that_is_gone_is_said(publisher: Publisher, get: Fetch) -> None:
    url = publisher.put(BODY)
    publisher.stop()
    assert "cannot be reached (Connection refused)" in refused(get, f"{url}?{SECRET}")


@pytest.mark.parametrize("status", [204, 304, 401, 404, 418, 500, 503])
def test_any_other_status_is_no_list(publisher: Publisher, get: Fetch, status: int) -> None:
    publisher.pages["/list.txt"] = Page(b"", status)
    assert f"status {status}" in refused(get, publisher.url())


@pytest.mark.parametrize(
    "how",
    [
        {"cut": 500},
        {"cut": 0},
        {"cut": 500, "chunked": True},
        {"cut": 40, "gzip": True},
        {"cut": 40, "gzip": True, "chunked": True},
        {"cut": 40, "gzip": True, "length": False},
        {"cut": 503, "length": False},
    ],
    ids=str,
)
def test_a_body_that_broke_off_is_not_taken(
    publisher: Publisher, get: Fetch, how: dict[str, Any]
) -> None:
    said = refused(get, publisher.put(BODY, **how))
    assert "broke off" in said or "ended within a line" in said


def test_damaged_compression_is_not_taken(publisher: Publisher, get: Fetch) -> None:
    sent = bytearray(gzip.compress(BODY))
    sent[len(sent) // 2] ^= 0xFF
    url = publisher.put(bytes(sent), headers={"Content-Encoding": "gzip"})
    assert "compression" in refused(get, url)
    assert "compression" in refused(
        get, publisher.put(BODY, headers={"Content-Encoding": "deflate"})
    )


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_an_encoding_nobody_asked_for_is_not_taken(
    publisher: Publisher, get: Fetch, encoding: str
) -> None:
    url = publisher.put(BODY, headers={"Content-Encoding": encoding})
    assert "encoding" in refused(get, url)


def test_no_more_than_the_limit_is_taken(publisher: Publisher, get: Fetch) -> None:
    url = publisher.put(BODY)
    assert get(url, limits=Limits(octets=len(BODY))).octets == len(BODY)
    said = refused(get, url, limits=Limits(octets=len(BODY) - 1))
    assert f"more than {len(BODY) - 1} octets" in said


def test_the_limit_is_of_the_decoded_body(publisher: Publisher, get: Fetch) -> None:
    """A thousandth of its size on the wire; the rest of it is never made."""
    most = 4 * 1024 * 1024
    written: list[int] = []
    url = publisher.put(b"\n" * (8 * most), gzip=True)
    said = refused(
        get,
        url,
        limits=Limits(octets=most),
        progress=lambda _what, done, _all: written.append(done),
    )
    assert "more than 4 MiB" in said
    assert max(written) <= most


def test_octets_that_decode_to_nothing_are_counted(publisher: Publisher, get: Fetch) -> None:
    url = publisher.put(gzip.compress(b"") * 500, headers={"Content-Encoding": "gzip"})
    assert "more than 5000 octets" in refused(get, url, limits=Limits(octets=5000))


def test_a_server_that_says_nothing_is_left(publisher: Publisher, get: Fetch) -> None:
    publisher.pages["/list.txt"] = Page(hang=True)
    said = refused(get, publisher.url(), limits=Limits(idle=0.3))
    assert "said nothing for 0.3 seconds" in said


@pytest.mark.parametrize("how", [{"drip": 0.05}, {"drip_header": 0.05}], ids=str)
def test_a_slow_drip_ends(publisher: Publisher, get: Fetch, how: dict[str, Any]) -> None:
    said = refused(get, publisher.put(BODY, **how), limits=Limits(seconds=0.6, idle=0.3))
    assert "was not done within 0.6 seconds" in said


def test_a_server_that_never_shakes_hands_is_left(get: Fetch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/list"
        assert "cannot be reached" in refused(get, url, limits=Limits(idle=0.3))


def test_a_header_without_end_is_refused(publisher: Publisher, get: Fetch) -> None:
    url = publisher.put(BODY, headers={"X-Long": "x" * 200_000})
    assert "did not speak HTTP" in refused(get, url)


def test_a_validator_that_cannot_be_sent_back_is_forgotten(
    publisher: Publisher, get: Fetch
) -> None:
    long = '"' + "x" * 2000 + '"'
    assert get(publisher.put(BODY, headers={"ETag": long})).etag == ""


def test_a_folder_that_cannot_be_written_is_said(
    publisher: Publisher, network: Network, tmp_path: Path
) -> None:
    with pytest.raises(StateError, match="cannot be written"):
        fetch(publisher.put(BODY), into=tmp_path / "missing", network=network)


def test_the_limits_are_those_of_the_manual() -> None:
    assert Limits(octets=256 * 1024 * 1024, seconds=300, idle=30) == LIMITS
