"""The table of moves, held against every pair of state and move."""

from dataclasses import replace
from datetime import date

import pytest

from blockfilter.catalog import workflow
from blockfilter.catalog.site import Act, Dossier, State
from blockfilter.errors import RefusedError

SYSTEM = Act(workflow.SYSTEM, "2026-11-23T08:00:00Z")
ADA, BEN = Act("ada", "2026-11-23T09:00:00Z"), Act("ben", "2026-11-23T10:00:00Z")
ENTRY = Dossier(
    id="ads", site="Ads", category="escort-ads", state=State.PROPOSED, names=("ads.example",),
    proposed=ADA, changed=ADA,
)  # fmt: skip
# state: what may be done, and the state that follows
TABLE = {
    State.PROPOSED: {"approve": State.APPROVED, "reject": State.REJECTED, "adopt": State.PROPOSED},
    State.APPROVED: {
        "reject": State.REJECTED,
        "activate": State.ACTIVE,
        "dispute": State.DISPUTED,
        "retire": State.RETIRED,
    },
    State.ACTIVE: {"dispute": State.DISPUTED, "retire": State.RETIRED},
    State.DISPUTED: {"activate": State.ACTIVE, "retire": State.RETIRED},
    State.RETIRED: {"reopen": State.PROPOSED},
    State.REJECTED: {"reopen": State.PROPOSED},
}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("what", list(workflow.MOVES))
def test_every_state_has_its_moves_and_no_other(state, what):
    entry = replace(ENTRY, state=state, proposed=SYSTEM if what == "adopt" else ADA)
    if what not in TABLE[state]:
        with pytest.raises(RefusedError, match=f"is {state}, and {what} starts from"):
            workflow.moved(entry, what, BEN, "why")
        return
    after = workflow.moved(entry, what, BEN, "why")
    assert after.state is TABLE[state][what]
    assert after.reason == "why"
    assert after.changed == BEN


def test_approving_needs_another_person_than_the_one_who_wrote_it():
    with pytest.raises(RefusedError, match="second person"):
        workflow.moved(ENTRY, "approve", ADA, "")
    assert workflow.moved(ENTRY, "approve", BEN, "").approved == BEN


def test_what_no_person_proposed_is_approved_by_nobody_before_it_is_adopted():
    for nobody in (None, SYSTEM):
        with pytest.raises(RefusedError, match="proposed by nobody"):
            workflow.moved(replace(ENTRY, proposed=nobody), "approve", BEN, "")
    adopted = workflow.moved(replace(ENTRY, proposed=SYSTEM), "adopt", BEN, "")
    with pytest.raises(RefusedError, match="second person"):
        workflow.moved(adopted, "approve", BEN, "")
    assert workflow.moved(adopted, "approve", ADA, "").state is State.APPROVED


def test_what_a_person_proposed_is_adopted_by_nobody():
    with pytest.raises(RefusedError, match="has a proposer"):
        workflow.moved(ENTRY, "adopt", BEN, "")
    with pytest.raises(RefusedError, match="what it can do is approve, reject$"):
        workflow.moved(ENTRY, "reopen", BEN, "")


def test_reopening_makes_the_reopener_its_proposer():
    retired = replace(ENTRY, state=State.RETIRED, approved=BEN)
    again = workflow.moved(retired, "reopen", BEN, "back")
    assert (again.proposed, again.approved) == (BEN, None)
    with pytest.raises(RefusedError, match="second person"):
        workflow.moved(again, "approve", BEN, "")
    assert workflow.moved(again, "approve", ADA, "").state is State.APPROVED


def test_a_change_of_rules_waits_for_a_second_person_and_one_of_words_does_not():
    active = replace(ENTRY, state=State.ACTIVE, approved=BEN)
    words = replace(active, note="still there", review=date(2027, 6, 1))
    assert workflow.edited(active, words, BEN, "").state is State.ACTIVE
    rules = workflow.edited(active, replace(active, names=("other.example",)), BEN, "moved")
    assert (rules.state, rules.proposed, rules.approved) == (State.PROPOSED, BEN, BEN)
    with pytest.raises(RefusedError, match="second person"):
        workflow.moved(rules, "approve", BEN, "")


@pytest.mark.parametrize("state", [State.RETIRED, State.REJECTED, State.DISPUTED])
def test_what_is_settled_or_disputed_is_not_changed_unseen(state):
    entry = replace(ENTRY, state=state)
    with pytest.raises(RefusedError):
        workflow.edited(entry, replace(entry, names=("other.example",)), BEN, "")


@pytest.mark.parametrize("was", [True, False])
@pytest.mark.parametrize("state", list(State))
def test_only_what_somebody_stands_by_is_enforced(state, was):
    soft = workflow.softened(replace(ENTRY, state=state), was=was)
    if state is State.PROPOSED:  # an edit, or reopened: as it was
        assert soft is was
    else:
        assert soft is (state in (State.DISPUTED, State.RETIRED, State.REJECTED))
