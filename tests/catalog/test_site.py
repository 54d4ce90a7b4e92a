"""An entry as a value: the rules it asks for, and when its time is over."""

from dataclasses import replace
from datetime import date

import pytest

from blockfilter.catalog.site import IN_FORCE, NEXT_RELEASE, Dossier, State
from blockfilter.message import name as names
from blockfilter.policy.rule import Action, Mode, Trigger

SITE = Dossier(
    id="ads",
    site="Ads",
    category="escort-ads",
    state=State.ACTIVE,
    names=("ads.example",),
    exact=("www.other.example",),
    site_names=("adsite",),
    patterns=("^ads[0-9]",),
    exceptions=("help.ads.example",),
)


def test_each_key_asks_for_its_kind_of_rule_in_the_entrys_name():
    rules = list(SITE.rules())
    assert [(rule.trigger, rule.value, rule.action) for rule in rules] == [
        (Trigger.SUBTREE, names.from_text("ads.example"), Action.BLOCK),
        (Trigger.EXACT, names.from_text("www.other.example"), Action.BLOCK),
        (Trigger.SITE_NAME, b"adsite", Action.BLOCK),
        (Trigger.PATTERN, b"^ads[0-9]", Action.BLOCK),
        (Trigger.SUBTREE, names.from_text("help.ads.example"), Action.PASSTHRU),
    ]
    assert {(rule.category, rule.site) for rule in rules} == {("escort-ads", "ads")}


@pytest.mark.parametrize("state", list(State))
def test_only_a_dispute_makes_its_rules_monitored(state):
    modes = {rule.mode for rule in replace(SITE, state=state).rules()}
    assert modes == {Mode.MONITOR if state is State.DISPUTED else Mode.ENFORCE}


def test_what_it_lists_is_everything_but_its_exceptions():
    assert SITE.triggers() == ("ads.example", "www.other.example", "adsite", "^ads[0-9]")


@pytest.mark.parametrize(
    ("expires", "over"),
    [(None, False), (date(2027, 1, 2), False), (date(2027, 1, 1), True), (date(2026, 1, 1), True)],
)
def test_the_day_it_expires_is_the_first_without_it(expires, over):
    assert replace(SITE, expires=expires).expired(date(2027, 1, 1)) is over


def test_what_is_in_force_stays_in_the_next_release():
    assert IN_FORCE < NEXT_RELEASE
    assert State.PROPOSED not in NEXT_RELEASE
