"""The gate: of every rule a candidate that is stopped and one that passes, and how lists change."""

from dataclasses import replace
from datetime import date

import pytest

from blockfilter.catalog import gate, reference, selftest
from blockfilter.catalog.delta import Limits
from blockfilter.catalog.finding import Severity
from blockfilter.catalog.harm import MAX_PATTERNS
from blockfilter.catalog.rulebook import RULES
from blockfilter.catalog.site import State
from blockfilter.message import name as names
from blockfilter.policy.decide import OPEN, Policy
from blockfilter.policy.rule import Action, Mode, Role
from tests.catalog.candidates import (
    TODAY,
    catalog,
    dossier,
    evidence,
    exact,
    gated,
    imported,
    known,
    linted,
    listed,
    manifest,
    ours,
    pattern,
    policy,
    site_name,
    subtree,
    theirs,
)

FINE = subtree("escortadverts.example")
PAST = date(2026, 11, 22)


def unprotected():
    candidate = policy(("theirs", [FINE]), protected=())
    return gate.findings(
        candidate,
        manifest(listed("theirs", 1)),
        None,
        catalog(imported()),
        reference=known(),
        today=TODAY,
    )


# Of each rule: what is found where, first for a candidate to be stopped, then for one that passes.
PAIRS = {
    "public-suffix": [
        (lambda: theirs(FINE, subtree("co.uk")), lambda: theirs(FINE, subtree("escorts.co.uk"))),
        (lambda: theirs(FINE, subtree("lan")), lambda: theirs(FINE, subtree("escorts.lan"))),
        (lambda: theirs(FINE, subtree(".")), lambda: theirs(FINE)),
        (lambda: theirs(FINE, subtree("anything.ck")), lambda: theirs(FINE, subtree("www.ck"))),
        (lambda: linted(dossier(names=("co.uk",))), lambda: linted(dossier())),
        (
            lambda: linted(dossier(exact=("com",))),
            lambda: linted(dossier(exact=("x.com.example",))),
        ),
    ],
    "site-name-short": [
        (lambda: theirs(site_name("eros")), lambda: theirs(site_name("erosx"))),
        (
            lambda: linted(dossier(site_names=("eros",))),
            lambda: linted(dossier(site_names=("erosx",))),
        ),
    ],
    "site-name-word": [
        (lambda: theirs(site_name("garden")), lambda: theirs(site_name("gardenescorts"))),
        (
            lambda: linted(dossier(site_names=("garden",))),
            lambda: linted(dossier(site_names=("gardenescorts",))),
        ),
    ],
    "site-name-popular": [
        (lambda: theirs(site_name("google")), lambda: theirs(site_name("googleescorts"))),
        (
            lambda: linted(dossier(site_names=("amazon",))),
            lambda: linted(dossier(site_names=("amazonescorts",))),
        ),
    ],
    "protected-touched": [
        (lambda: theirs(exact("rainn.org")), lambda: theirs(exact("rainn.example"))),
        (lambda: theirs(subtree("www.nsvrc.org")), lambda: theirs(subtree("nsvrc.org.example"))),
        (lambda: theirs(site_name("nsvrc")), lambda: theirs(site_name("nsvrcx"))),
        (lambda: theirs(pattern("rainn")), lambda: theirs(pattern("^rainn-escorts"))),
        (lambda: ours(dossier(names=("polarisproject.org",))), lambda: ours(dossier())),
        (
            lambda: theirs(subtree("intra.corp.example"), own_zones=["corp.example"]),
            lambda: theirs(subtree("corp.example.net"), own_zones=["corp.example"]),
        ),
        (lambda: linted(dossier(names=("rainn.org",))), lambda: linted(dossier())),
    ],
    "protected-lost": [(unprotected, lambda: theirs(FINE))],
    "popular-name": [
        (lambda: theirs(subtree("google.com")), lambda: theirs(subtree("x.google.com"))),
        (lambda: theirs(exact("www.google.com")), lambda: theirs(exact("www.google.com.example"))),
        (lambda: theirs(pattern(r"googl.\.com")), lambda: theirs(pattern(r"^escorts-googl.\.com"))),
        (
            lambda: theirs(subtree("paypal.com", mode=Mode.MONITOR)),
            lambda: theirs(subtree("paypal.com"), subtree("paypal.com", Action.PASSTHRU)),
        ),
        (lambda: linted(dossier(exact=("google.com",))), lambda: linted(dossier())),
    ],
    "must-stay-open": [
        (
            lambda: theirs(exact("a.root-servers.net")),
            lambda: theirs(exact("root-servers.example")),
        ),
        (
            lambda: theirs(pattern("-.*-"), FINE),
            lambda: theirs(pattern("^escorts?-.*-.*-.*-.*"), FINE),
        ),
    ],
    "pattern-wide": [
        (lambda: theirs(pattern("gar")), lambda: theirs(pattern("^escort-gar"))),
        (
            lambda: linted(dossier(patterns=(r"^www\.",))),
            lambda: linted(dossier(patterns=(r"^www\.escort[0-9]+\.",))),
        ),
    ],
    "pattern-slow": [
        (
            lambda: theirs(*(pattern(f"^escort{i}x") for i in range(MAX_PATTERNS + 1))),
            lambda: theirs(*(pattern(f"^escort{i}x") for i in range(MAX_PATTERNS))),
        ),
        (
            lambda: linted(dossier(patterns=(r"^(escort)-\1",))),
            lambda: linted(dossier(patterns=("^escort-escort",))),
        ),
        (
            lambda: linted(dossier(patterns=("^((escort){100}){100}",))),
            lambda: linted(dossier(patterns=("^(escort){10}",))),
        ),
    ],
    "evidence-missing": [
        (lambda: linted(dossier(evidence=())), lambda: linted(dossier())),
        (
            lambda: linted(dossier(evidence=(evidence("seen", "other.example"),))),
            lambda: linted(dossier(evidence=(evidence("seen", "escortadverts.example"),))),
        ),
    ],
    "evidence-is-content": [
        (
            lambda: linted(dossier(evidence=(evidence("Call me.\nI am new in town."),))),
            lambda: linted(dossier(evidence=(evidence("saved page", sha256="0" * 64),))),
        ),
        (lambda: linted(dossier(evidence=(evidence("x" * 501),))), lambda: linted(dossier())),
    ],
    "criterion-missing": [(lambda: linted(dossier(criterion=" ")), lambda: linted(dossier()))],
    "source-missing": [
        (lambda: linted(dossier(source="")), lambda: linted(dossier())),
        (
            lambda: linted(imported(source="")),
            lambda: linted(imported(source="", url="https://lists.example/hosts")),
        ),
    ],
    "licence-missing": [
        (lambda: linted(dossier(licence="")), lambda: linted(dossier())),
        (lambda: linted(imported(licence="")), lambda: linted(imported())),
    ],
    "licence-forbids-redistribution": [
        (lambda: linted(dossier(licence="CC BY-NC 4.0")), lambda: linted(dossier())),
        (
            lambda: linted(imported(licence="proprietary, no redistribution")),
            lambda: linted(imported(licence="GPL-3.0")),
        ),
    ],
    "lookalike": [
        (
            lambda: linted(dossier(names=("r4inn.org",))),
            lambda: linted(dossier(names=("rain.org",))),
        ),
        (
            lambda: linted(dossier(names=("polaris-project.org",))),
            lambda: linted(dossier(names=("polaris-escorts.org",))),
        ),
    ],
    "contradictory": [
        (
            lambda: linted(dossier(exceptions=("escortadverts.example",))),
            lambda: linted(dossier(exceptions=("jobs.escortadverts.example",))),
        ),
        (
            lambda: linted(dossier(), dossier(id="again", category="massage-ads")),
            lambda: linted(
                dossier(), dossier(id="again", category="massage-ads", names=("b.example",))
            ),
        ),
    ],
    "redundant": [
        (
            lambda: linted(dossier(names=("ads.example", "www.ads.example"))),
            lambda: linted(dossier(names=("ads.example", "www-ads.example"))),
        ),
    ],
    "review-overdue": [
        (lambda: linted(dossier(review=PAST)), lambda: linted(dossier(review=TODAY))),
        (lambda: linted(imported(review=PAST)), lambda: linted(imported(review=TODAY))),
    ],
    "expired": [
        (
            lambda: linted(dossier(expires=TODAY)),
            lambda: linted(dossier(expires=date(2026, 11, 24))),
        ),
        (lambda: linted(imported(expires=PAST)), lambda: linted(imported())),
    ],
    "delta": [
        (
            lambda: theirs(*many(89), previous=manifest(listed("theirs", 100), serial=1)),
            lambda: theirs(*many(90), previous=manifest(listed("theirs", 100), serial=1)),
        ),
        (
            lambda: theirs(*many(126), previous=manifest(listed("theirs", 100), serial=1)),
            lambda: theirs(*many(125), previous=manifest(listed("theirs", 100), serial=1)),
        ),
        (
            lambda: theirs(*many(101), previous=manifest(listed("theirs", 9), serial=1)),
            lambda: theirs(*many(100), previous=manifest(listed("theirs", 9), serial=1)),
        ),
        (
            lambda: theirs(*many(13), previous=manifest(listed("theirs", 10), serial=1)),
            lambda: theirs(FINE, previous=manifest(listed("theirs", 9), serial=1)),
        ),
    ],
    "self-test": [
        (
            lambda: theirs(FINE, release=manifest(listed("theirs", 2))),
            lambda: theirs(FINE, release=manifest(listed("theirs", 1))),
        ),
    ],
}


def many(number):
    return [subtree(f"escorts{i}.example") for i in range(number)]


def test_every_rule_of_the_table_has_a_candidate_that_is_stopped_and_one_that_passes():
    assert list(PAIRS) == [check.id for check in RULES if check.id in PAIRS]
    assert set(PAIRS) == {check.id for check in RULES}


@pytest.mark.parametrize(
    ("rule", "stopped", "passing"),
    [
        pytest.param(rule, *pair, id=f"{rule}-{number}")
        for rule, pairs in PAIRS.items()
        for number, pair in enumerate(pairs, 1)
    ],
)
def test_a_candidate_is_stopped_and_another_passes(rule, stopped, passing):
    found = [one for one in stopped() if one.rule == rule]
    assert found
    assert all(one.place and one.sentence and one.remedy for one in found)
    assert passing() == []


def test_what_is_found_is_told_with_its_place_and_the_command_that_helps():
    (found,) = [one for one in theirs(subtree("google.com")) if one.rule == "popular-name"]
    assert found.place == "imported/theirs.toml: theirs"
    assert found.severity is Severity.ERROR
    assert found.sentence == "google.com and all below: blocks google.com, well known"
    assert found.remedy == "keep it open: blockfilter list edit theirs --except google.com"


def test_a_dossiers_rule_is_told_at_the_dossiers_place():
    found = ours(dossier(names=("rainn.org",)))
    assert {one.place for one in found} == {"sites/ads.toml: ads"}


@pytest.mark.parametrize(
    "bad",
    [
        {"names": ("rainn.org",)},
        {"names": ("org",)},
        {"exact": ("www.google.com",)},
        {"site_names": ("amazon",)},
        {"patterns": ("^google", "rain")},
    ],
)
def test_what_lint_says_of_a_dossier_the_gate_says_in_the_same_words(bad):
    of_gate = set(ours(dossier(**bad)))
    assert set(linted(dossier(**bad))) & of_gate
    extra = {one.rule for one in of_gate - set(linted(dossier(**bad)))}
    assert extra <= {"popular-name", "protected-touched", "must-stay-open"}


def test_a_rule_that_blocks_many_popular_names_is_told_once():
    found = [one for one in theirs(subtree("com")) if one.rule == "popular-name"]
    assert len(found) == 1
    assert "more, well known" in found[0].sentence


@pytest.mark.parametrize("length", [1, 9])
def test_the_change_of_a_short_list_is_not_judged(length):
    before = manifest(listed("theirs", length), serial=1)
    assert theirs(*many(50), previous=before) == []


def test_a_new_list_is_not_judged_by_its_length():
    assert gated(("theirs", many(500)), previous=manifest(serial=1)) == []


def test_a_list_that_is_missing_has_shrunk():
    before = manifest(listed("theirs", 100), listed("others", 100), serial=1)
    (found,) = theirs(*many(100), previous=before)
    assert found.rule == "delta"
    assert "others" in found.place
    assert "-100.0 %" in found.sentence


@pytest.mark.parametrize(
    "change", [{"state": State.RETIRED}, {"state": State.REJECTED}, {"expires": TODAY}]
)
def test_a_list_that_people_ended_has_not_shrunk(change):
    before = manifest(listed("theirs", 100), listed("others", 100), serial=1)
    entries = [imported(), replace(imported(id="others"), **change)]
    assert theirs(*many(100), previous=before, entries=entries) == []


def test_more_protected_names_are_no_change_to_stop_and_fewer_are():
    was = listed("protected", 20, Role.PROTECTED)
    for now, rules in ((60, []), (10, ["delta"])):
        release = manifest(listed("theirs", 1), listed("protected", now, Role.PROTECTED))
        found = theirs(FINE, release=release, previous=manifest(was, serial=1))
        assert [one.rule for one in found] == rules


def test_other_limits_can_be_given():
    before, after = manifest(listed("theirs", 100), serial=1), manifest(listed("theirs", 60))
    found = gate.findings(
        policy(("theirs", many(60))),
        after,
        before,
        catalog(imported()),
        reference=known(),
        today=TODAY,
        limits=Limits(shrink=50),
    )
    assert found == []


def test_a_popular_name_of_a_catalogues_own_counts(tmp_path):
    (tmp_path / "popular.txt").write_text("our-supplier.example\n")
    own = reference.reference(tmp_path)
    found = gate.findings(
        policy(("theirs", [subtree("our-supplier.example")])),
        manifest(listed("theirs", 1)),
        None,
        catalog(imported()),
        reference=own,
        today=TODAY,
    )
    assert [one.rule for one in found] == ["popular-name"]


def test_a_list_that_excepts_what_is_protected_passes():
    assert theirs(subtree("org.example"), protected=["clinic.org.example"]) != []
    opened = subtree("clinic.org.example", Action.PASSTHRU)
    assert theirs(subtree("org.example"), opened, protected=["clinic.org.example"]) == []


def test_a_name_deep_below_a_protected_one_is_found():
    found = theirs(FINE, exact("a.b.c.clinic.example"), protected=["clinic.example"])
    assert [one.rule for one in found] == ["protected-touched"]
    assert "a.b.c.clinic.example" in found[0].sentence


class Forgetful(Policy):
    """A policy that answers one name wrongly, as a damaged table would."""

    def decide(self, name):
        return OPEN if name.startswith(b"\x09escorts42") else super().decide(name)


class Careless(Policy):
    """A policy whose patterns are out of step with their numbers."""

    def _matching_patterns(self, name):
        return [len(self.snapshot.patterns) - 1 - i for i in super()._matching_patterns(name)]


def tried(candidate, *entries):
    lists = [
        listed(one.id, one.rules) for one in candidate.snapshot.lists if one.role is Role.BLOCK
    ]
    kept = catalog(*(entries or [imported()]))
    return list(selftest.findings(candidate, manifest(*lists), kept, known(), TODAY))


def test_a_policy_that_answers_a_sample_wrongly_is_stopped():
    found = tried(policy(("theirs", many(50)), kind=Forgetful))
    assert [one.rule for one in found] == ["self-test"]
    assert "escorts42.example" in found[0].sentence
    assert tried(policy(("theirs", many(50)))) == []


def test_patterns_that_are_not_found_as_each_alone_are_stopped():
    entry = dossier(names=("ads1.example", "bds1.example"), patterns=("^ads[0-9]", "^cds[0-9]"))
    rules = [*entry.rules()]
    found = tried(policy(("curated", rules), kind=Careless), entry)
    assert {one.rule for one in found} == {"self-test"}
    assert tried(policy(("curated", rules)), entry) == []


def test_every_kind_of_rule_is_tried_with_modes_and_exceptions_together():
    rules = [
        subtree("a.example"),
        subtree("open.a.example", Action.PASSTHRU),
        exact("b.open.a.example"),
        exact("c.example", mode=Mode.MONITOR),
        subtree("d.c.example"),
        site_name("rubmapsx"),
        site_name("blogspot"),  # blogspot.com is a public suffix, so the sample has other names
        pattern("^escort[0-9]{4}"),
    ]
    others = [subtree("a.example", mode=Mode.MONITOR), exact("x.c.example"), subtree("rainn.org")]
    assert tried(policy(("curated", rules), ("theirs", others))) == []


def test_the_names_tried_are_spread_over_a_long_list_and_always_the_same():
    candidate = policy(("theirs", many(1000)), ("others", [exact("one.example")]))
    samples = list(selftest._from_trie(candidate))
    of_theirs = [one for one in samples if one.record.list == 1]
    assert selftest.SAMPLED <= len(of_theirs) <= selftest.SAMPLED + 1
    assert len([one for one in samples if one.record.list == 2]) == 1
    assert samples == list(
        selftest._from_trie(
            policy(*[("theirs", many(1000))] * 1, ("others", [exact("one.example")]))
        )
    )


def test_the_names_that_must_stay_open_are_many_and_right():
    texts = [*selftest.OPEN, *selftest.ordinary(known())]
    assert len(texts) == len(set(texts)) >= 90
    assert policy(("theirs", [FINE])).decide(names.from_text(texts[-1])) == OPEN


def test_findings_stand_in_the_same_order_each_time():
    def bad():
        return theirs(subtree("google.com"), subtree("co.uk"), site_name("garden"), pattern("gar"))

    assert bad() == bad() != []
