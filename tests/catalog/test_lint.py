"""What lint says of entries; test_gate has a pair of candidates for every rule."""

from dataclasses import replace
from datetime import date

import pytest

from blockfilter.catalog import lint, store
from blockfilter.catalog.finding import Severity
from blockfilter.catalog.rulebook import JUDGED, RULES, found
from blockfilter.catalog.site import State
from tests.catalog.candidates import (
    PLACE,
    TODAY,
    dossier,
    every_suffix,
    evidence,
    imported,
    known,
    linted,
)


def rules(findings):
    return [one.rule for one in findings]


def bad(**changes):
    """An entry with something wrong of every kind of check."""
    right = {
        "names": ("rainn.org", "google.com"),
        "site_names": ("garden",),
        "evidence": (),
        "criterion": "",
        "licence": "",
        "review": date(2026, 1, 1),
    }
    return dossier(**(right | changes))


def test_the_shipped_catalogue_has_no_errors():
    shipped = store.read(store.shipped(), every_suffix().icann)
    found = lint.findings(shipped, every_suffix().icann, TODAY, reference=known())
    assert len(shipped.dossiers) >= 50
    assert [str(one) for one in found if one.severity is Severity.ERROR] == []


@pytest.mark.parametrize("state", list(State))
def test_what_is_over_is_left_in_peace_and_proposals_are_judged(state):
    assert bool(linted(bad(state=state))) == (state in JUDGED)
    assert (state in JUDGED) == (state not in (State.RETIRED, State.REJECTED))


def test_what_is_missing_is_an_error_until_the_entry_is_disputed():
    gone = {"evidence": (), "criterion": "", "licence": "", "source": ""}
    for state in (State.PROPOSED, State.APPROVED, State.ACTIVE):
        found = linted(dossier(state=state, **gone))
        assert {one.severity for one in found} == {Severity.ERROR}
    found = linted(dossier(state=State.DISPUTED, **gone))
    assert len(found) == 4
    assert {one.severity for one in found} == {Severity.WARNING}


def test_every_name_is_attested_by_itself_or_by_all_evidence():
    both = ("a.example", "b.example")
    one = dossier(names=both, evidence=(evidence("seen", "a.example"),))
    (found,) = linted(one)
    assert found.sentence == '"b.example" is not attested'
    assert linted(replace(one, evidence=(*one.evidence, evidence("seen too")))) == []
    assert rules(linted(replace(one, evidence=(evidence(" "),)))) == ["evidence-missing"]


def test_a_name_below_a_well_known_one_is_to_be_looked_at_twice():
    for listed in ({"names": ("mail.google.com",)}, {"names": (), "exact": ("mail.google.com",)}):
        (found,) = linted(dossier(**listed))
        assert (found.rule, found.severity) == ("popular-name", Severity.WARNING)
        assert "below google.com, well known" in found.sentence
    (found,) = linted(dossier(names=("www.google.com",)))
    assert found.severity is Severity.ERROR


def test_findings_stand_in_the_order_of_entries_and_of_the_table():
    order = [check.id for check in RULES]
    of_first, of_second = linted(bad()), linted(bad(id="second"))
    assert rules(of_first) == sorted(rules(of_first), key=order.index)
    assert len(set(rules(of_first))) >= 6
    together = linted(bad(), bad(id="second", names=("rainn.example",)))
    places = [one.place for one in together]
    assert places == sorted(places)
    assert linted(bad(), bad(id="second")) == linted(bad(), bad(id="second"))
    assert of_second[0].place == "sites/second.toml: second"


def test_a_finding_names_the_entry_its_place_and_the_command_that_helps():
    (found,) = linted(dossier(site_names=("garden",)))
    assert found.place == PLACE
    assert "blockfilter list edit ads --remove garden" in found.remedy
    assert str(found).startswith(f"{PLACE}: error [site-name-word]: ")


def test_every_rule_has_an_id_a_sentence_and_a_remedy_for_people():
    assert len({check.id for check in RULES}) == len(RULES)
    for check in RULES:
        assert check.id == check.id.lower().replace(" ", "-").replace("_", "-")
        assert check.sentence[0].isupper()
        assert check.sentence.endswith(".")
        assert not check.remedy.endswith(".")


def test_of_other_peoples_lists_what_we_wrote_is_judged():
    found = linted(
        imported(source="", licence="", review=date(2026, 1, 1), expires=date(2026, 1, 1))
    )
    assert rules(found) == ["source-missing", "licence-missing", "review-overdue", "expired"]
    assert {one.place for one in found} == {"imported/theirs.toml: theirs"}


def test_own_zones_and_the_catalogues_protected_names_may_not_be_touched():
    one = dossier(names=("intra.corp.example",), site_names=("clinicx",), patterns=("^vpn.corp",))
    assert linted(one) == []
    found = linted(
        one, own_zones=["corp.example", "vpn.corp.example"], protected=["clinicx.example"]
    )
    assert rules(found) == ["protected-touched"] * 3


@pytest.mark.parametrize(
    ("listed", "touches"),
    [
        ({"names": ("clinic.example",)}, True),
        ({"names": ("www.clinic.example",)}, True),
        ({"names": ("health.clinic.example",)}, True),
        ({"exact": ("www.clinic.example",)}, True),
        ({"exact": ("clinic.example",)}, True),
        ({"exact": ("myclinic.example",)}, False),
        ({"names": ("myclinic.example",)}, False),
    ],
)
def test_a_name_touches_a_protected_one_at_it_and_below_it(listed, touches):
    found = linted(dossier(**({"names": ()} | listed)), protected=["clinic.example"])
    assert ("protected-touched" in rules(found)) is touches


def test_a_subtree_above_a_protected_name_touches_it_and_an_exact_name_above_does_not():
    above = {"protected": ["clinic.health.example"]}
    assert rules(linted(dossier(names=("health.example",)), **above)) == ["protected-touched"]
    assert linted(dossier(names=(), exact=("health.example",)), **above) == []


def test_a_likeness_is_an_error_only_where_the_eye_sees_no_difference():
    for name, severity in (
        ("ra1nn.org", Severity.ERROR),
        ("xn--rinn-53d.org", Severity.ERROR),  # with a Cyrillic a
        ("rainn.net", Severity.WARNING),
        ("rainns.org", Severity.WARNING),
        ("polaris-project.org", Severity.WARNING),
    ):
        (found,) = linted(dossier(names=(name,)))
        assert (found.rule, found.severity) == ("lookalike", severity), name


def test_names_beside_their_own_site_name_are_not_redundant_and_those_of_others_are():
    first = dossier(site_names=("escortadverts",))
    assert linted(first) == []
    other = dossier(id="other", names=("escortadverts.test",))
    (found,) = linted(first, other)
    assert (found.rule, found.place) == ("redundant", "sites/other.toml: other")


def test_a_name_below_one_of_another_entry_is_redundant_if_it_says_nothing_else():
    below = {"id": "below", "names": ("www.escortadverts.example",)}
    assert rules(linted(dossier(), dossier(**below))) == ["redundant"]
    assert linted(dossier(), dossier(**below, category="massage-ads")) == []
    assert linted(dossier(state=State.DISPUTED), dossier(**below)) == []
    assert linted(dossier(state=State.RETIRED), dossier(**below)) == []


def test_a_name_below_an_exception_is_not_redundant():
    names = ("escortadverts.example", "b.a.escortadverts.example")
    assert linted(dossier(names=names, exceptions=("a.escortadverts.example",))) == []


def test_an_exact_name_within_its_own_subtree_is_redundant():
    (found,) = linted(dossier(exact=("escortadverts.example",)))
    assert found.rule == "redundant"


def test_the_same_name_twice_is_redundant_in_one_category_and_contradictory_in_two():
    again = dossier(id="again")
    assert rules(linted(dossier(), again)) == ["redundant"]
    (found,) = linted(dossier(), replace(again, category="massage-ads"))
    assert found.rule == "contradictory"
    assert "ads in escort-ads" in found.sentence


def test_an_exception_that_opens_nothing_is_contradictory():
    other = dossier(id="other", names=("other.example",), exceptions=("escortadverts.example",))
    (found,) = linted(dossier(), other)
    assert "an exception of other cancels it whole" in found.sentence
    exact = dossier(names=(), exact=("a.example",), exceptions=("a.example",))
    (found,) = linted(exact)
    assert "does not open it" in found.sentence
    above = dossier(names=("x.a.example",), exceptions=("a.example",))
    assert rules(linted(above)) == ["contradictory"]


def test_patterns_of_all_entries_together_may_not_be_too_many():
    some = [
        dossier(id=f"n{i}", names=(), patterns=tuple(f"^escort{i}x{j}x" for j in range(20)))
        for i in range(6)
    ]
    assert linted(*some[:5]) == []
    (found,) = linted(*some)
    assert (found.rule, found.place) == ("pattern-slow", "sites")


def test_a_remedy_has_its_words_filled_in_or_stands_as_in_the_table():
    filled = found("popular-name", "x", "y", entry="theirs", name="a.example", imported=True)
    assert filled.remedy == "keep it open: blockfilter list edit theirs --except a.example"
    assert "edit ID --remove NAME" in found("popular-name", "x", "y").remedy
