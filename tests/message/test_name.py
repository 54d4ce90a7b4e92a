"""Names as octets: text to and fro, limits, keys; the other opinion is dnspython's."""

import re

import dns.exception
import dns.name
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from blockfilter.errors import FormatError
from blockfilter.message import name as names
from tests.strategies import any_tuples, dns_name, examples

_LONGEST = (b"a" * 63, b"b" * 63, b"c" * 63, b"d" * 61)  # 255 octets with the root

_typed = st.text(alphabet='aAzZ09-_.\\ \t@;()"*é。', max_size=20)


@examples(100)
@given(any_tuples)
def test_a_name_has_the_octets_and_the_text_that_dnspython_gives_it(labels):
    other = dns_name(labels).canonicalize()
    name = names.from_labels(labels)
    assert name == other.to_wire()
    assert names.to_text(name) == (other.to_text(omit_final_dot=True) if labels else ".")


@examples(100)
@given(any_tuples)
def test_the_text_of_a_name_reads_back_as_the_name(labels):
    name = names.from_labels(labels)
    text = names.to_text(name)
    assert text.isascii()
    assert text.isprintable()
    assert names.from_text(text) == name
    if name != names.ROOT:
        assert names.from_text(text + ".") == name


@examples(100)
@given(st.text(alphabet='aAzZ09-_.\\@;()"*', min_size=1, max_size=20))
@example("a\\.b.c")
@example("a\\.")
@example("a\\..")
@example("\\255\\000.x")
@example("a..")
@example("..")
def test_typed_text_is_read_as_dnspython_reads_it(text):
    assume(text != "@")  # a zone file's origin there, and a name here
    try:
        other = dns.name.from_text(text).canonicalize().to_wire()
    except dns.exception.DNSException:
        with pytest.raises(FormatError):
            names.from_text(text)
    else:
        assert names.from_text(text) == other


@examples(100)
@given(st.one_of(st.text(max_size=40), _typed))
def test_reading_any_text_raises_nothing_but_format_error(text):
    try:
        name = names.from_text(text)
    except FormatError as error:
        assert len(text) < 4 or text not in str(error)  # no name in what ends up in a log
    else:
        assert len(name) <= names.MAX_NAME
        assert name == name.lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        ".a",
        "a..b",
        "a b",
        "a b\\.c",
        "\\.c a",
        "a\tb",
        "a\x7f.b",
        "a\\",
        "a\\1",
        "a\\25",
        "a\\256",
        "a\\2x5",
        "x" * 64,
        "x" * 63 + "." + "x" * 64,
        ".".join(["x" * 63] * 4),
        ".".join(["x" * 63] * 3 + ["y" * 62]),
        "exa mple.é",
        "xn--é",
        "\N{IDEOGRAPHIC FULL STOP}",
    ],
)
def test_text_that_is_no_name_is_refused(text):
    with pytest.raises(FormatError):
        names.from_text(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (".", b"\0"),
        ("com", b"\3com\0"),
        ("BackPage.COM.", b"\x08backpage\3com\0"),
        ("a\\.b.c", b"\3a.b\1c\0"),
        ("a\\.", b"\2a.\0"),
        ("\\065", b"\1a\0"),  # a letter, written as a number, is in lower case too
        ("\\000\\255.x", b"\2\0\xff\1x\0"),
        ("_sip._tcp.a-b.x", b"\4_sip\4_tcp\3a-b\1x\0"),
        ("*.x", b"\1*\1x\0"),
        ("bücher.example", b"\x0dxn--bcher-kva\7example\0"),
        ("BÜCHER.example.", b"\x0dxn--bcher-kva\7example\0"),
        ("faß.example", b"\x0axn--fa-hia\7example\0"),  # IDNA 2008: not "fass"
        ("Ａ。example", b"\1a\7example\0"),  # UTS 46: full width and its full stop
    ],
)
def test_usual_and_unusual_spellings_mean_one_name(text, name):
    assert names.from_text(text) == name


def test_the_longest_name_is_taken_and_one_octet_more_is_not():
    assert len(names.from_labels(_LONGEST)) == names.MAX_NAME
    with pytest.raises(FormatError):
        names.from_labels((*_LONGEST[:3], b"d" * 62))
    assert len(names.from_labels([b"x"] * 127)) == names.MAX_NAME
    with pytest.raises(FormatError):
        names.from_labels([b"x"] * 128)


@pytest.mark.parametrize("label", [b"", b"x" * 64])
def test_a_label_holds_1_to_63_octets(label):
    with pytest.raises(FormatError):
        names.from_labels([b"a", label, b"b"])


@examples(100)
@given(any_tuples)
def test_labels_and_keys_lead_back_to_the_name(labels):
    name = names.from_labels(labels)
    assert names.split(name) == tuple(label.lower() for label in labels)
    assert names.from_key(names.key(name)) == name
    assert len(names.key(name)) == len(name) - 1


@examples(100)
@given(any_tuples)
def test_superdomains_are_the_parents_in_order(labels):
    name = dns_name(labels).canonicalize()
    expected = [name]
    while name != dns.name.root:
        name = name.parent()
        expected.append(name)
    assert names.superdomains(names.from_labels(labels)) == [one.to_wire() for one in expected]


# Few labels, one of them with a separator inside and one that looks like two on the wire.
_few = st.lists(st.sampled_from([b"a", b"b", b"a.b", b"a\1b", b"\1", b"ab"]), max_size=4).map(tuple)


@examples(200)
@given(_few, _few)
def test_one_key_begins_another_exactly_where_one_name_is_above_the_other(above, below):
    is_above = below[len(below) - len(above) :] == above
    keys = [names.key(names.from_labels(labels)) for labels in (above, below)]
    assert keys[1].startswith(keys[0]) == is_above
    assert (names.from_labels(above) in names.superdomains(names.from_labels(below))) == is_above


@examples(100)
@given(any_tuples, any_tuples)
def test_two_names_share_octets_only_if_dnspython_holds_them_equal(some, others):
    same = dns_name(some) == dns_name(others)
    assert (names.from_labels(some) == names.from_labels(others)) == same


def test_a_message_about_a_name_does_not_hold_it():
    for text in ("secret-name..example", "secret name.example", "secret" * 20 + ".example"):
        with pytest.raises(FormatError) as caught:
            names.from_text(text)
        assert not re.search("secret|example", str(caught.value))
