"""What everybody knows: the shipped files are right, and a catalogue adds its own."""

import re

import pytest

from blockfilter.catalog import reference, store, suffixes
from blockfilter.errors import ListError
from blockfilter.message import name as names


@pytest.fixture(scope="module")
def known():
    return reference.reference(store.shipped())


def lines(file):
    text = (store.shipped() / file).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def shipped():
    return store.read(store.shipped(), suffixes.read(suffixes.suffix_file()).icann)


def test_at_least_four_hundred_names_are_popular_each_once_and_canonical(known):
    listed = lines("popular.txt")
    assert len(listed) == len(set(listed)) == len(known.popular) >= 400
    assert all(names.to_text(names.from_text(line)) == line for line in listed)


@pytest.mark.parametrize(
    "name",
    [
        "microsoft.com",
        "windowsupdate.com",
        "letsencrypt.org",
        "cloudflare.com",
        "google.com",
        "paypal.com",
        "debian.org",
        "cdc.gov",
        "nytimes.com",
        "github.com",
        "amazon.com",
        "whatsapp.com",
    ],
)
def test_what_nobody_can_do_without_is_popular(known, name):
    assert name in known.popular


def test_no_popular_name_is_listed_by_us(known, shipped):
    ours = {text for one in shipped.dossiers for text in one.triggers()}
    assert not ours & known.popular


def test_the_words_are_words_of_five_letters_at_least_each_once(known):
    listed = lines("words.txt")
    assert len(listed) == len(set(listed)) == len(known.words) >= 2400
    assert all(re.fullmatch("[a-z]{5,}", word) for word in listed)


def test_no_word_is_what_one_of_our_sites_is_called_by(known, shipped):
    labels = {text for one in shipped.dossiers for text in one.site_names}
    labels |= {text.split(".")[0] for one in shipped.dossiers for text in one.names}
    assert not labels & known.words


def test_the_protected_names_that_ship_are_known_whatever_the_catalogue(known, shipped, tmp_path):
    assert set(known.protected) == {one.name for one in shipped.protected}
    assert reference.reference(tmp_path) == known


def test_a_catalogue_adds_popular_names_of_its_own(known, tmp_path):
    text = "\ufeff# ours\n\nSupplier.Example.  # who delivers\nbücher.example\n"
    (tmp_path / "popular.txt").write_text(text, "utf-8")
    own = reference.reference(tmp_path)
    assert own.popular - known.popular == {"supplier.example", "xn--bcher-kva.example"}
    assert own.words == known.words


@pytest.mark.parametrize(
    ("octets", "cause"),
    [
        (b"fine.example\nhttps://x.example/\n", "line 2: "),
        (b"*.x.example\n", "line 1: "),
        (b"192.0.2.1\n", "line 1: "),
        (b"\xff\n", "UTF-8"),
        (b"a.example\n" * 150_000, "larger than"),
    ],
)
def test_a_file_with_a_mistake_is_refused_whole_with_its_line(tmp_path, octets, cause):
    (tmp_path / "popular.txt").write_bytes(octets)
    with pytest.raises(ListError, match=cause):
        reference.reference(tmp_path)


def test_what_a_new_catalogue_begins_with_is_right(known, tmp_path):
    for name, octets in store.initial_files().items():
        (tmp_path / name).write_bytes(octets)
    assert reference.reference(tmp_path) == known
