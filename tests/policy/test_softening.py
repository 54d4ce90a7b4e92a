"""A policy that was softened decides as the softened lists compiled would, whatever they hold."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from blockfilter.message.name import ROOT
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Action, Mode, Role, Rule, RuleList, Trigger
from blockfilter.policy.snapshot import HEAD, Snapshot, inputs_of
from blockfilter.policy.softening import Opened, Watched, softened
from tests.policy import rules
from tests.policy.reference import wire
from tests.policy.rules import World, worlds
from tests.strategies import examples

OTHER = bytes(reversed(range(32)))


def changed(octets, change, serial=2):
    return softened(Snapshot(octets), change, inputs=OTHER, serial=serial)


def same(found, wanted, asked):
    """Whether two snapshots' octets decide alike, and count alike."""
    one, other = Policy(Snapshot(found)), Policy(Snapshot(wanted))
    assert one.snapshot.lists == other.snapshot.lists
    assert one.snapshot.names_by_category() == other.snapshot.names_by_category()
    for name in asked:
        assert one.decide(name) == other.decide(name), name
        assert one.explain(name) == other.explain(name), name


def watched(found: RuleList, site: str) -> RuleList:
    soft = [r._replace(mode=Mode.MONITOR) if site in ("", r.site) else r for r in found.rules]
    return replace(found, rules=soft)


def every_name(world):
    """All names of three labels at most."""
    return [wire(labels) for labels in world.names(3)]


@examples(60)
@given(st.data())
def test_a_list_or_a_site_that_is_watched(data):
    world: World = data.draw(worlds())
    number = data.draw(st.integers(0, len(world.lists) - 1))
    listed = world.lists[number]
    site = data.draw(st.sampled_from(["", *(rule.site for rule in listed.rules)]))
    lists = [*world.lists[:number], watched(listed, site), *world.lists[number + 1 :]]
    found = changed(rules.octets(world.lists, world.suffixes), Watched(listed.id, site))
    same(found, rules.octets(lists, world.suffixes), every_name(world))


@examples(60)
@given(st.data())
def test_names_that_are_opened_one_after_another(data):
    world: World = data.draw(worlds())
    found = rules.octets(world.lists, world.suffixes)
    of_some = st.sampled_from([name for name in every_name(world) if name != ROOT])
    opened = data.draw(st.lists(of_some, min_size=1, max_size=3, unique=True))
    for name in opened:
        found = changed(found, Opened("allow", "allow", name))
    exceptions = RuleList("allow", Role.ALLOW, [Rule(Trigger.SUBTREE, o, "allow") for o in opened])
    wanted = rules.octets([*world.lists, exceptions], world.suffixes)
    same(found, wanted, every_name(world))


def test_what_is_taken_over_is_told_and_inputs_and_serial_are_new():
    base = rules.octets([rules.blocking(Rule(Trigger.SUBTREE, rules.name("a"), "c", "s"))], ["com"])
    found = changed(base, Opened("allow", "allow", rules.name("b.a")), serial=7)
    snapshot = Snapshot(found)
    assert (snapshot.inputs, snapshot.serial) == (OTHER, 7)
    assert (snapshot.release, snapshot.suffix_date) == ("2026-11-23", "2026-10-22")
    assert Policy(snapshot).decide(rules.name("a")).nodata
    assert Policy(snapshot).decide(rules.name("x.b.a")).passes


def test_a_block_above_an_open_name_denies_nothing_below_it():
    base = rules.octets([rules.blocking(Rule(Trigger.SUBTREE, rules.name("a"), "c"))], [])
    policy = Policy(Snapshot(changed(base, Opened("allow", "allow", rules.name("z.y.a")))))
    for above in ("a", "y.a"):
        decision = policy.decide(rules.name(above))
        assert (decision.blocks, decision.nodata) == (True, True)
    assert not policy.decide(rules.name("x.a")).nodata


def test_what_is_not_there_changes_nothing():
    rule = Rule(Trigger.EXACT, rules.name("a"), "c", "site", Action.BLOCK)
    base = rules.octets([rules.blocking(rule)], [])
    for change in (Watched("list", "other"), Watched("none", "site"), Watched("none")):
        assert Policy(Snapshot(changed(base, change))).decide(rules.name("a")).blocks


def test_the_head_of_a_snapshot_tells_what_it_was_made_from():
    base = rules.octets([], [])
    assert inputs_of(base[:HEAD]) == Snapshot(base).inputs
    assert inputs_of(base[: HEAD - 1]) == inputs_of(b"x" * HEAD) == b""
