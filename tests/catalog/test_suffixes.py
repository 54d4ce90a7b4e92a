"""The public suffix list as read, and site-names held to tldextract's opinion of it."""

import gc
import random
import warnings

import pytest
from tldextract import TLDExtract

from blockfilter.catalog import suffixes
from blockfilter.errors import ListError
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Role, Rule, RuleList, Trigger
from blockfilter.policy.snapshot import Snapshot, build

FILE = suffixes.suffix_file()
LABEL = "rubmaps"


@pytest.fixture(scope="module")
def every():
    return suffixes.read(FILE)


@pytest.fixture(scope="module")
def policy(every):
    rule = Rule(Trigger.SITE_NAME, LABEL.encode(), "massage-ads", "rubmaps")
    octets = build(
        [RuleList("curated", Role.BLOCK, [rule])],
        every.rules,
        inputs=bytes(32),
        serial=1,
        release="test",
        suffix_date=suffixes.date(FILE),
    )
    return Policy(Snapshot(octets))


def extractor():
    """One that has read the list: its reader leaves the file to the collector."""
    extract = TLDExtract(
        suffix_list_urls=[FILE.as_uri()],
        cache_dir=None,
        fallback_to_snapshot=False,
        include_psl_private_domains=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        extract("example.com")
        gc.collect()
    return extract


def generated(rules, count):
    """Names with the label somewhere in them, most of them right before a suffix of the list."""
    chance = random.Random(2)
    for _ in range(count):
        suffix = chance.choice(rules).lstrip("!").replace("*", chance.choice(["www", "x", "city"]))
        if chance.random() < 0.1:
            suffix = chance.choice(["unknown", "corp.lan", "co.unknown", "com.com", "uk.com"])
        left = [chance.choice(["www", "m", LABEL, "x-1"]) for _ in range(chance.randrange(4))]
        yield ".".join([*left, suffix])


def test_the_date_is_that_of_the_lists_header():
    assert suffixes.date(FILE) >= "2026-01-01"
    assert len(suffixes.date(FILE)) == len("2026-10-22")


def test_wildcards_exceptions_private_and_internationalised_rules_survive(every):
    assert {"co.uk", "*.ck", "!www.ck", "duckdns.org", "xn--p1ai", "xn--55qx5d.cn"} <= set(
        every.rules
    )
    assert all(rule.isascii() and rule == rule.lower() for rule in every.rules)
    assert list(every.rules) == sorted(every.rules)


def test_no_rule_of_the_file_is_lost(every):
    lines = (line.split("//")[0].strip() for line in FILE.read_text("utf-8").splitlines())
    assert len(every.rules) == len({line for line in lines if line})


@pytest.mark.parametrize("name", ["co.uk", "com", "any.ck", "ck", "xn--55qx5d.cn", "kawasaki.jp"])
def test_icann_suffixes_are_too_wide_to_be_listed(every, name):
    assert name in every.icann


@pytest.mark.parametrize(
    "name", ["duckdns.org", "github.io", "www.ck", "a.any.ck", "example.co.uk", "city.kawasaki.jp"]
)
def test_private_suffixes_exceptions_and_names_below_may_be_listed(every, name):
    assert name not in every.icann


def test_a_site_name_stands_where_tldextract_sees_the_domain(every, policy):
    extract, seen = extractor(), {True: 0, False: 0}
    for text in generated(every.rules, 4000):
        found = extract(text)
        labels = text.split(".")
        # Without a rule tldextract knows no suffix; the list's default rule takes the last label.
        domain = found.domain if found.suffix else labels[-2] if len(labels) > 1 else ""
        blocked = policy.decide(names.from_text(text)).blocks
        assert blocked == (domain == LABEL), text
        seen[blocked] += 1
    assert min(seen.values()) > 500


def test_a_list_that_is_not_there_is_an_error_and_no_older_list_is_used(tmp_path, caplog):
    with pytest.raises(ListError, match="cannot be read"):
        suffixes.read(tmp_path / "none.dat")
    with pytest.raises(ListError, match="cannot be read"):
        suffixes.date(tmp_path / "none.dat")


def test_a_list_without_a_date_has_an_unknown_one(tmp_path):
    (tmp_path / "list.dat").write_text("com\nco.uk\n// ===BEGIN PRIVATE DOMAINS===\nduckdns.org\n")
    assert suffixes.date(tmp_path / "list.dat") == "unknown"
    found = suffixes.read(tmp_path / "list.dat")
    assert found.rules == ("co.uk", "com", "duckdns.org")
    assert "duckdns.org" not in found.icann
