"""Adblock syntax: DNS rules become rules, everything else is refused with its reason."""

import pytest

from blockfilter.catalog.formats import adblock
from blockfilter.catalog.formats.expression import MAX_EXPRESSIONS
from blockfilter.policy.rule import Trigger
from tests.catalog.formats.reads import Read


@pytest.fixture
def read(tmp_path):
    return lambda text, trigger=None: Read(tmp_path / "list.txt", text, "adblock", trigger)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("||a.example^", ["subtree a.example"]),
        ("||A.Example^", ["subtree a.example"]),
        ("||a.example^|", ["subtree a.example"]),
        ("|a.example^", ["exact a.example"]),
        ("|a.example|", ["exact a.example"]),
        ("||bücher.example^", ["subtree xn--bcher-kva.example"]),
        ("||*.a.example^", ["subtree a.example", "passthru exact a.example"]),
        ("||a.example^$important", ["subtree a.example"]),
        ("@@||a.example^", ["passthru subtree a.example"]),
        ("@@|a.example^", ["passthru exact a.example"]),
        ("a.example", ["subtree a.example"]),
        ("0.0.0.0 a.example", ["exact a.example"]),
        ("/^ad[0-9]+[.]/", ["pattern ^ad[0-9]+[.]"]),
        ("/^AD/", ["pattern (?i)^AD"]),
        ("||ad*.example^", [r"pattern (?:^|\.)ad.*\.example$"]),
        (
            "||a.example^$denyallow=b.a.example",
            ["subtree a.example", "passthru subtree b.a.example"],
        ),
    ],
)
def test_a_dns_rule_is_taken(read, line, expected):
    found = read(f"{line}\n")
    assert (found.rules, found.refused.count) == (expected, 0)


@pytest.mark.parametrize(
    "line", ["! a.example", "# a.example", "[Adblock Plus 2.0]", "", "!#if ||a.example^", "#", "!"]
)
def test_comments_say_nothing(read, line):
    found = read(f"{line}\n||last.example^\n")
    assert (found.rules, found.refused.count) == (["subtree last.example"], 0)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("||a.example^$third-party", "web requests"),
        ("||a.example^$~third-party", "web requests"),
        ("||a.example^$script,important", "web requests"),
        ("||a.example^$domain=b.example", "web requests"),
        ("@@||a.example^$document", "web requests"),
        ("||a.example^$dnstype=AAAA", "record types"),
        ("||a.example^$dnsrewrite=192.0.2.1", "answers with something of its own"),
        ("||a.example^$client=192.0.2.1", "some clients"),
        ("||a.example^$ctag=device_tv", "some clients"),
        ("||a.example^$nobody", "a modifier that no list of names has"),
        ("||a.example", "all that begin so"),
        ("a.example^", "all that contain it"),
        ("||a.example/page^", "a path"),
        ("||a.example:8080^", "a port"),
        ("||com^", "a single label"),
        ("||co.uk^", "a public suffix"),
        ("||192.0.2.1^", "an address"),
        ("||^", "a"),
        ("a.example##.banner", "parts of pages"),
        ("##.banner", "parts of pages"),
        ("a.example#@#.banner", "parts of pages"),
        ("a.example#?#div:has(p)", "parts of pages"),
        ("a.example#$#body { x }", "parts of pages"),
        ("a.example$$script", "parts of pages"),
        ("/(?=look)a/", "RE2"),
        ("/.*/", "any name"),
        ("/a?/", "any name"),
        ("@@/^ad/", "an exception by expression"),
        ("@@||ad*.example^", "an exception by expression"),
        ("||a.example^$denyallow=a.example", "spares the name itself"),
        ("@@||a.example^$denyallow=b.a.example", "modifiers that together"),
        ("0.0.0.0", "an address without a name"),
        ("two words", "several words"),
        (b"||b\xfccher.example^", "not in UTF-8"),
        (b"||b\0.example^", "a NUL"),
    ],
)
def test_what_is_no_dns_rule_is_refused_with_its_cause(read, line, cause):
    octets = line if isinstance(line, bytes) else line.encode()
    found = read(b"||first.example^\n" + octets + b"\n||last.example^\n")
    assert found.rules == ["subtree first.example", "subtree last.example"]
    ((number, told),) = found.refused.first
    assert (number, cause in told) == (2, True), told


ASKED = ("example.com", "a.example.com", "b.a.example.com", "c.a.example.com", "other.com")


@pytest.mark.parametrize(
    ("lines", "blocked"),
    [
        # An exception opens all below it, though a longer name is listed.
        (["||b.a.example.com^", "@@||a.example.com^"], []),
        (["||example.com^", "@@||a.example.com^"], ["example.com"]),
        (["||example.com^", "@@|a.example.com^"], ["example.com", *ASKED[2:4]]),
        (["@@||a.example.com^", "||example.com^"], ["example.com"]),
        # Important blocks outrank exceptions that are not.
        (["||example.com^$important", "@@||a.example.com^"], list(ASKED[:4])),
        (["||b.a.example.com^$important", "@@||a.example.com^"], ["b.a.example.com"]),
        (["||example.com^$important", "@@||a.example.com^$important"], ["example.com"]),
        # $badfilter takes back the rule that is spelt alike, wherever it stands.
        (["||example.com^", "||example.com^$badfilter"], []),
        (["||example.com^$badfilter", "||example.com^"], []),
        (["||example.com^$important", "||example.com^$badfilter"], list(ASKED[:4])),
        (["||example.com^$important", "||example.com^$badfilter,important"], []),
        (["||example.com^", "@@||a.example.com^", "@@||a.example.com^$badfilter"], list(ASKED[:4])),
        # $denyallow spares names that nothing else blocks.
        (["||example.com^$denyallow=a.example.com"], ["example.com"]),
        (["||example.com^$denyallow=a.example.com", "||b.a.example.com^"],
         ["example.com", "b.a.example.com"]),
        (["||example.com^$denyallow=a.example.com", "||example.com^"], list(ASKED[:4])),
        (["||*.example.com^"], list(ASKED[1:4])),
        (["||*.example.com^", "|example.com^"], list(ASKED[:4])),
        (["|example.com^"], ["example.com"]),
        (["/^[bc]\\./"], list(ASKED[2:4])),
    ],
)  # fmt: skip
def test_lines_together_mean_what_dns_filters_mean(read, lines, blocked):
    text = "\n".join([*lines, "||last.com^"])
    assert read(text).blocked(*ASKED) == blocked


def test_names_mean_what_the_person_says_they_mean(read):
    found = read("||a.example^\n|b.example^\nc.example\n", Trigger.EXACT)
    assert found.rules == ["exact a.example", "exact b.example", "exact c.example"]
    assert read("|b.example^\n0.0.0.0 c.example\n", Trigger.SUBTREE).rules == [
        "subtree b.example",
        "subtree c.example",
    ]


def test_expressions_have_a_limit(read):
    found = read("".join(f"/^ad{n}\\./\n" for n in range(MAX_EXPRESSIONS + 2)))
    assert len(found.rules) == MAX_EXPRESSIONS
    assert found.refused.count == 2
    assert adblock._TOO_MANY in found.refused.causes


def test_an_important_expression_beside_exceptions_is_refused(read):
    found = read("/^ad/$important\n@@||b.example^\n||c.example^\n")
    assert "expression" in found.refused.first[0][1]
