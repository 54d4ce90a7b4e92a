"""Skeletons of names, and how near two names are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.catalog.lookalike import Likeness, likeness, look, one_apart, site, skeleton
from blockfilter.catalog.suffixes import Wide
from blockfilter.message import name as names

WIDE = Wide(["com", "org", "uk", "co.uk", "*.ck", "!www.ck", "cm"])


def near(listed, other):
    return likeness(look(listed, WIDE), look(other, WIDE))


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("raınn.org", "rainn.org"),  # dotless i
        ("r4inn.org", "rainn.org"),
        ("rа1nn.org", "rainn.org"),  # Cyrillic a, and a digit
        ("thehotllne.org", "thehotline.org"),
        ("h0t1ine.org", "hotline.org"),
        ("rnissingkids.org", "missingkids.org"),
        ("clcrcc.org", "dcrcc.org"),
        ("nvvlc.org", "nwlc.org"),
        ("ραιnn.org", "painn.org"),  # Greek
        ("raïnn.org", "rainn.org"),  # an accent
        ("no–more.org", "no-more.org"),  # a dash
    ],
)
def test_what_looks_alike_has_the_same_skeleton(text, like):
    assert skeleton(text) == skeleton(like)


@pytest.mark.parametrize(
    "text", ["rainn.org", "nomore.org", "xn--", "xn--a-\u0000", "xn--99999999"]
)
def test_what_looks_different_has_another_skeleton(text):
    assert skeleton(text) != skeleton("polarisproject.org")


def test_an_a_label_looks_like_its_u_label():
    listed = names.to_text(names.from_text("rаinn.org"))  # a Cyrillic a
    assert listed.startswith("xn--")
    assert skeleton(listed) == skeleton("rainn.org")
    assert near(listed, "rainn.org") is Likeness.SAME


def test_every_protected_like_name_of_plain_letters_keeps_its_own_skeleton():
    plain = ["polarisproject", "thehotline", "humantraffickinghotline", "nsvrc", "raliance", "ahla"]
    assert len({skeleton(text) for text in plain}) == len(plain)


@pytest.mark.parametrize(
    ("listed", "other", "like"),
    [
        ("rainn.org", "rainn.org", None),  # the same is no likeness
        ("www.rainn.org", "rainn.org", None),
        ("ra1nn.org", "rainn.org", Likeness.SAME),
        ("www.ra1nn.org", "chat.rainn.org", Likeness.SAME),
        ("rainn.com", "rainn.org", Likeness.SUFFIX),
        ("ra1nn.co.uk", "rainn.org", Likeness.SUFFIX),
        ("rainn.0rg", "rainn.org", Likeness.SAME),
        ("polaris-project.org", "polarisproject.org", Likeness.HYPHEN),
        ("polaris-project.com", "polarisproject.org", Likeness.HYPHEN),
        ("polarisprojects.org", "polarisproject.org", Likeness.NEAR),
        ("polarsproject.org", "polarisproject.org", Likeness.NEAR),
        ("polarisporject.org", "polarisproject.org", Likeness.NEAR),
        ("polarispro.org", "polarisproject.org", None),
        ("ahlas.com", "ahla.com", None),  # too short to tell
        ("r4inn", "rainn.org", Likeness.SAME),  # a site-name goes with every suffix
        ("rainn", "rainn.org", None),
        ("rainns", "rainn.org", Likeness.NEAR),
        ("co.uk", "rainn.org", None),
        ("rainn.org", "co.uk", None),
    ],
)
def test_how_near_two_names_are(listed, other, like):
    assert near(listed, other) is like


@pytest.mark.parametrize(
    ("name", "label", "suffix"),
    [
        ("a.b.example.co.uk", "example", "co.uk"),
        ("example.com", "example", "com"),
        ("co.uk", "", "co.uk"),
        ("a.b.ck", "a", "b.ck"),
        ("a.www.ck", "www", "ck"),
        ("example.unknown", "example", "unknown"),
        ("single", "", "single"),
    ],
)
def test_the_site_of_a_name_is_left_of_its_public_suffix(name, label, suffix):
    assert site(name, WIDE) == (label, suffix)


def distance(left, right):
    """Insertions, deletions, substitutions and swaps of neighbours, by the book."""
    rows = [
        [i + j if not i * j else 0 for j in range(len(right) + 1)] for i in range(len(left) + 1)
    ]
    for i, a in enumerate(left, 1):
        for j, b in enumerate(right, 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


_SHORT = st.text("ab-", max_size=6)


@given(_SHORT, _SHORT)
def test_one_apart_is_a_distance_of_one(left, right):
    assert one_apart(left, right) == (distance(left, right) == 1) == one_apart(right, left)


@given(st.text(max_size=20))
def test_every_text_has_a_skeleton(text):
    skeleton(text)
    skeleton(f"xn--{text}")
