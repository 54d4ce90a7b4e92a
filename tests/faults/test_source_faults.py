"""Whatever a source does, the last good copy stays in force, the words are clear, nothing is left."""

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from blockfilter.catalog.network import Limits
from tests.catalog.subscribed import DAY, NAMES, Signing, Subscribed, text
from tests.https import Authority, Page, Publisher, redirect

HOST = "127.0.0.3"  # nobody else's connections have this address, so its ports stay free
MORE = (*NAMES, "ad-site-new.example")
QUICK = Limits(seconds=0.8, idle=0.4)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def signing() -> Signing:
    return Signing()


@pytest.fixture(scope="module")
def template(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, signing: Signing
) -> tuple[Subscribed, int]:
    """A catalogue with a signed list in force, refreshed once, and the port of its publisher."""
    made = Subscribed(tmp_path_factory.mktemp("template") / "catalogue", authority)
    with Publisher(authority.server(), HOST) as publisher:
        publisher.put(signing.signature(text(), "serial:7"), "/list.txt.minisig")
        made.in_force(publisher.put(text(), etag=True), key=signing.public, id_="ads")
        assert made.refresh()[0].outcome == "unchanged"
        return made, publisher.port


@pytest.fixture
def subscribed(template: tuple[Subscribed, int], tmp_path: Path) -> Subscribed:
    """A copy of it."""
    return template[0].copy(tmp_path / "catalogue")


@pytest.fixture
def publisher(template: tuple[Subscribed, int], authority: Authority) -> Iterator[Publisher]:
    """Who publishes the list now."""
    with Publisher(authority.server(), HOST, template[1]) as running:
        yield running


Publish = Callable[..., None]


@pytest.fixture
def publish(publisher: Publisher, signing: Signing) -> Publish:
    def published(body: str, comment: str = "serial:8", **how: Any) -> None:
        publisher.put(signing.signature(body, comment), "/list.txt.minisig")
        publisher.put(body, etag=True, **how)

    return published


def stays(subscribed: Subscribed, outcome: str, said: str, limits: Limits = QUICK) -> None:
    """A refresh ends so, and all is as before but for what is remembered of it."""
    before = subscribed.kept()
    (found,) = subscribed.refresh(limits=limits)
    assert (found.outcome, found.release) == (outcome, None), found
    assert said in found.reason
    assert "; " in found.reason
    assert "\n" not in found.reason
    assert "incoming" not in found.reason
    assert subscribed.kept() == before
    assert subscribed.blocks(NAMES[0])
    assert not subscribed.blocks("ad-site-new.example")
    status = subscribed.status("ads")
    assert (status.outcome, status.reason) == (found.outcome, found.reason)
    assert status.age == DAY.total_seconds()
    assert status.last_checked == subscribed.time.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert status.serial == 7
    assert not list(subscribed.path.glob("**/*.incoming"))
    assert not list(subscribed.path.glob("**/*.tmp"))


def test_without_a_fault_it_comes_into_force(subscribed: Subscribed, publish: Publish) -> None:
    publish(text(MORE))
    (outcome,) = subscribed.refresh()
    assert (outcome.outcome, outcome.release) == ("ok", 2)
    assert subscribed.blocks("ad-site-new.example")


def test_the_source_is_gone(subscribed: Subscribed) -> None:
    stays(subscribed, "failed", "cannot be reached")


@pytest.mark.parametrize("status", [404, 500, 503])
def test_the_source_has_trouble(subscribed: Subscribed, publisher: Publisher, status: int) -> None:
    publisher.pages["/list.txt"] = Page(b"<html>sorry</html>", status)
    stays(subscribed, "failed", f"status {status}")


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html><html><body>This domain is for sale</body></html>",
        "\n\n<html>\n<p>Log in</p>\n",
        '<?xml version="1.0"?><feed/>',
    ],
)
def test_a_page_in_the_place_of_a_list(subscribed: Subscribed, publish: Publish, body: str) -> None:
    publish(body)
    stays(subscribed, "refused", "127.0.0.3: is a web page")


@pytest.mark.parametrize("body", ["", "# nothing\n", "\0\1\2", "a b c\nd e f\n"], ids=repr)
def test_something_that_is_no_list(subscribed: Subscribed, publish: Publish, body: str) -> None:
    publish(body)
    stays(subscribed, "refused", "127.0.0.3: ")


@pytest.mark.parametrize("how", [{}, {"chunked": True}, {"gzip": True}], ids=str)
def test_a_body_that_breaks_off(
    subscribed: Subscribed, publish: Publish, how: dict[str, Any]
) -> None:
    publish(text(MORE), cut=100, **how)  # less than it is when compressed
    stays(subscribed, "failed", "broke off")


def test_a_body_that_breaks_off_unseen_has_no_signature(
    subscribed: Subscribed, publisher: Publisher, publish: Publish
) -> None:
    publish(text(MORE))
    publisher.put(text(MORE[:57]), length=False)
    stays(subscribed, "refused", "signature")


def test_a_list_that_shrinks(subscribed: Subscribed, publish: Publish) -> None:
    publish(text(NAMES[:50]))
    stays(subscribed, "refused", "60")


def test_a_list_that_grows(subscribed: Subscribed, publish: Publish) -> None:
    publish(text([*MORE, *(f"more-{number}.example" for number in range(30))]))
    stays(subscribed, "refused", "91")


@pytest.mark.parametrize("page", [{"drip": 0.02}, {"drip_header": 0.02}, {"hang": True}], ids=str)
def test_a_source_that_keeps_us_waiting(
    subscribed: Subscribed, publish: Publish, page: dict[str, Any]
) -> None:
    publish(text(MORE), **page)
    stays(subscribed, "failed", "seconds")


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("serial:6", "older copy (serial 6)"),
        ("timestamp:5", "older copy (serial 5)"),
        ("serial:7", "another list under the same serial (7)"),
        ("a list", "neither serial nor timestamp"),
        ("serial:seven", "neither serial nor timestamp"),
        ("myserial:9", "neither serial nor timestamp"),
    ],
)
def test_a_signature_that_brings_back_the_past(
    subscribed: Subscribed, publish: Publish, comment: str, said: str
) -> None:
    publish(text(MORE), comment)
    stays(subscribed, "refused", said)


def test_an_older_serial_is_refused_without_any_record(
    subscribed: Subscribed, publish: Publish
) -> None:
    """The journal remembers the serial."""
    (subscribed.path / "sources/ads.json").unlink()
    publish(text(MORE), "serial:6")
    assert "older copy" in subscribed.refresh()[0].reason


@pytest.mark.parametrize("wrong", ["of another key", "of another list", "damaged", "none", "long"])
def test_a_wrong_signature(
    subscribed: Subscribed,
    publisher: Publisher,
    publish: Publish,
    signing: Signing,
    wrong: str,
) -> None:
    publish(text(MORE))
    right = signing.signature(text(MORE), "serial:8")
    octets = {
        "of another key": Signing().signature(text(MORE), "serial:8"),
        "of another list": signing.signature(text(), "serial:8"),
        "damaged": right.replace(b"serial:8", b"serial:9"),
        "none": b"",
        "long": right + b"x" * 10_000,
    }[wrong]
    publisher.put(octets, "/list.txt.minisig")
    if wrong == "long":
        stays(subscribed, "failed", "more than 8192 octets")
    else:
        stays(subscribed, "refused", "the signature is not one of this list")


def test_a_signature_that_is_missing(
    subscribed: Subscribed, publisher: Publisher, publish: Publish
) -> None:
    publish(text(MORE))
    del publisher.pages["/list.txt.minisig"]
    stays(subscribed, "failed", "status 404")


def test_a_redirect_inside(
    subscribed: Subscribed, publisher: Publisher, publish: Publish, authority: Authority
) -> None:
    publish(text(MORE))
    with Publisher(authority.server(), host="127.0.0.2") as inside:
        publisher.pages["/list.txt"] = redirect(inside.put(text(MORE)))
        stays(subscribed, "failed", "private or reserved")
        assert inside.connections == 0


def test_a_redirect_to_plain_http(
    subscribed: Subscribed, publisher: Publisher, publish: Publish
) -> None:
    publish(text(MORE))
    with Publisher() as plain:
        publisher.pages["/list.txt"] = redirect(plain.put(text(MORE)))
        stays(subscribed, "failed", "plain HTTP")
        assert plain.connections == 0


def test_a_bomb(subscribed: Subscribed, publish: Publish) -> None:
    publish("\n" * 4_000_000, gzip=True)
    stays(subscribed, "failed", "more than 1 MiB", Limits(octets=1024 * 1024))


def test_a_certificate_of_somebody_else(
    subscribed: Subscribed, template: tuple[Subscribed, int], authority: Authority
) -> None:
    with Publisher(authority.server(("other.example",)), HOST, template[1]) as impostor:
        stays(subscribed, "failed", "certificate is not trusted")
    assert not impostor.asked


def test_a_list_that_the_gate_refuses(subscribed: Subscribed, publish: Publish) -> None:
    publish(text([*NAMES, "google.com"]))
    stays(subscribed, "refused", "google.com")


@contextmanager
def largest_file(octets: int) -> Iterator[None]:
    """No file may grow beyond this, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("octets", [0, 500, 1500, 2000])
def test_no_room_for_the_list(subscribed: Subscribed, publish: Publish, octets: int) -> None:
    publish(text(MORE))
    before = subscribed.kept()
    with largest_file(octets):
        (outcome,) = subscribed.refresh()
    assert outcome.outcome == "failed"
    assert "cannot be written (File too large)" in outcome.reason
    assert subscribed.kept() == before
    assert not list(subscribed.path.glob("**/*.incoming"))
    assert subscribed.refresh()[0].outcome == "ok"
    assert subscribed.blocks("ad-site-new.example")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield path
    subprocess.run(["umount", str(path)], check=True)


@pytest.mark.parametrize("kib", [0, 4, 8, 16, 32, 64, 128])
def test_the_disk_is_full(
    template: tuple[Subscribed, int], publish: Publish, small_disk: Path, kib: int
) -> None:
    """At whatever step: it is in force whole or not at all, and later it is in force."""
    publish(text(MORE))
    subscribed = template[0].copy(small_disk / "catalogue")
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        file.write(b"x" * (shutil.disk_usage(small_disk).free - kib * 1024))
    before = subscribed.kept()
    (outcome,) = subscribed.refresh()
    if outcome.outcome != "ok":
        assert outcome.outcome == "failed"
        assert "cannot be written (No space left on device)" in outcome.reason
        assert subscribed.kept() == before
    assert not list(subscribed.path.glob("**/*.incoming"))
    filler.unlink()
    assert subscribed.refresh()[0].outcome in ("ok", "unchanged")
    assert subscribed.blocks("ad-site-new.example")
