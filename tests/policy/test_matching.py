"""What the policy decides, held against a reference that is written naively and independently."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.policy.decide import Decision, Policy
from blockfilter.policy.rule import Action, Mode, Role, RuleList, Trigger
from tests.policy.reference import Labels, Spoken, Verdict, text, unwire, wire
from tests.policy.rules import World, blocking, policy, rule, worlds
from tests.strategies import examples

_FRESH = b"fresh"  # a label no rule knows


def _cells(found: frozenset[Spoken], mode: str) -> set[tuple[tuple[str, str], ...]]:
    """What may be recorded: one of the equally strong rules, unless that one is not counted."""
    if not found:
        return {()}
    return {((one.rule.category, mode),) if one.rule.counted else () for one in found}


def _lawful_cells(verdict: Verdict) -> set[tuple[tuple[str, str], ...]]:
    return {
        first + second
        for first in _cells(verdict.enforced, "enforced")
        for second in _cells(verdict.monitored, "monitored")
    }


def _check(decided: Decision, verdict: Verdict) -> None:
    assert decided.passes == verdict.passes
    assert decided.blocks == bool(verdict.enforced)
    assert decided.cells in _lawful_cells(verdict)
    if not decided.blocks:
        assert not decided.nodata


@examples(100)
@given(worlds())
def test_decisions_are_those_of_the_reference(world):
    subject, reference = world.policy, world.reference
    for one in world.names(3):
        verdict = reference.verdict(one)
        _check(subject.decide(wire(one)), verdict)
        _check(subject.decide(wire(one)), verdict)  # again: what was worked out is remembered


@examples(60)
@given(worlds())
def test_explanations_are_those_of_the_reference(world):
    subject, reference, found = world.policy, world.reference, world.lists
    for one in world.names(2):
        told, verdict = subject.explain(wire(one)), reference.verdict(one)
        strongest = verdict.enforced or verdict.monitored
        assert told.blocked == bool(verdict.enforced)
        if verdict.passes:
            assert told.mode is None
            passing = {source.id for source in found if source.role is not Role.BLOCK}
            assert told.list in passing
            assert told.rule
        elif strongest:
            assert told.mode == ("enforced" if verdict.enforced else "monitored")
            assert told[2:6] in {_named(spoken, found) for spoken in strongest}
        else:
            assert told[:6] == (False, None, None, None, None, None)
        assert told.why


def _named(spoken: Spoken, found: list[RuleList]) -> tuple[str, str, str | None, str]:
    rule_ = spoken.rule
    words = {
        Trigger.EXACT: "{}",
        Trigger.SUBTREE: "{} and all below",
        Trigger.SITE_NAME: "{} under any public suffix",
        Trigger.PATTERN: "/{}/",
    }[rule_.trigger]
    if rule_.trigger in (Trigger.EXACT, Trigger.SUBTREE):
        value = text(unwire(rule_.value))
    else:
        value = rule_.value.decode("latin-1")
    return words.format(value), found[spoken.number].id, rule_.site or None, rule_.category


def _below(world: World, one: Labels) -> list[Labels]:
    alphabet = (*world.alphabet, _FRESH)
    return [(*two, *one) for n in (1, 2) for two in itertools.product(alphabet, repeat=n)]


@examples(80)
@given(worlds())
def test_nxdomain_is_said_only_where_every_name_below_is_blocked_too(world):
    subject, reference = world.policy, world.reference
    for one in world.names(2):
        decided = subject.decide(wire(one))
        if decided.blocks and not decided.nodata:
            assert [two for two in _below(world, one) if not reference.blocks(two)] == []


@examples(60)
@given(worlds((Trigger.SUBTREE, Trigger.EXACT)))
def test_nodata_is_said_only_where_a_rule_lets_a_name_below_pass_or_nothing_blocks_it(world):
    subject, reference = world.policy, world.reference
    openings = [
        unwire(rule_.value)
        for source in world.lists
        for rule_ in source.rules
        if source.role is not Role.BLOCK or rule_.action is Action.PASSTHRU
    ]
    for one in world.names(2)[1:]:
        if subject.decide(wire(one)).nodata:
            opened = any(len(two) > len(one) and two[-len(one) :] == one for two in openings)
            assert opened or not reference.blocks((_FRESH, *one))


@examples(40)
@given(worlds(), st.data())
def test_an_answer_deserves_what_its_first_blocked_target_deserves(world, data):
    subject = world.policy
    targets = data.draw(st.lists(st.sampled_from(world.names(2)), max_size=5))
    told = subject.inspect([wire(one) for one in targets])
    decided = [subject.decide(wire(one)) for one in targets]
    blocked = next((one for one in decided if one.blocks), None)
    assert told.blocks == (blocked is not None)
    if blocked:
        assert told == blocked
    else:
        assert set(told.cells) == {cell for one in decided for cell in one.cells}
        assert len(set(told.cells)) == len(told.cells)


def test_a_policy_never_shares_its_generation():
    snapshot = policy([], []).snapshot
    generations = [Policy(snapshot).generation for _ in range(3)]
    assert len(set(generations)) == 3
    assert 0 not in generations


@pytest.mark.parametrize("value", ["a.com", "b.a.com"])
@pytest.mark.parametrize("trigger", ["exact", "subtree"])
def test_a_label_with_a_dot_is_never_two_labels(value, trigger):
    subject = policy([blocking(rule(trigger, value))], ["com"])
    assert subject.decide(wire(tuple(value.encode().split(b".")))).blocks
    confused = (value.removesuffix(".com").replace(".", "").encode() + b".com",)
    for one in (confused, (value.encode(),), (b"x." + value.encode(),), (b"a.com", b"com", b"x")):
        assert not subject.decide(wire(one)).blocks


def test_monitored_rules_never_change_what_enforced_ones_say():
    watched = rule("exact", "x.com", "watched", mode=Mode.MONITOR)
    enforced = rule("subtree", "com", "listed")
    subject = policy([blocking(watched, enforced)], ["com"])
    decided = subject.decide(wire((b"x", b"com")))
    assert decided.blocks
    assert decided.cells == (("listed", "enforced"), ("watched", "monitored"))
    told = subject.explain(wire((b"x", b"com")))
    assert (told.blocked, told.mode, told.category) == (True, "enforced", "listed")
