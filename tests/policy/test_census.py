"""How many names each category has: held against the decision on every one of them."""

from collections import Counter

from hypothesis import given

from blockfilter.policy.rule import Action, Mode, Role, Rule, Trigger
from blockfilter.policy.snapshot import Snapshot
from tests.policy.rules import World, blocking, octets, policy, rule, worlds

PSL = ["com", "net", "example"]
NAMES = (Trigger.EXACT, Trigger.SUBTREE)


def names(*lists):
    return Snapshot(octets(list(lists), PSL)).names_by_category()


def test_names_count_by_the_category_they_are_recorded_under():
    found = names(
        blocking(
            rule("subtree", "a.com", "escort"),
            rule("exact", "b.com", "escort"),
            rule("subtree", "x.b.com", "review"),
            rule("site-name", "c", "escort"),
            rule("pattern", "^d[0-9]", "escort"),
            rule("pattern", "^e[0-9]", "review"),
            id_="curated",
        ),
        blocking(rule("subtree", "f.com", "escort"), rule("site-name", "g", "review"), own=True),
    )
    assert found == {"escort": 4, "review": 2, "other": 2}


def test_without_rules_there_is_no_category():
    assert names() == names(blocking()) == {}


def test_a_name_counts_once_however_often_it_is_listed():
    found = names(
        blocking(rule("subtree", "a.com", "escort"), rule("exact", "a.com", "escort")),
        blocking(rule("subtree", "a.com", "escort"), rule("subtree", "b.com", "review"), id_="2"),
        blocking(rule("subtree", "b.com", "escort"), rule("site-name", "a", "review"), id_="3"),
        blocking(rule("site-name", "a", "escort"), id_="4"),
    )
    assert found == {"escort": 1, "review": 2}


def test_what_is_watched_or_never_recorded_does_not_count():
    found = names(
        blocking(
            rule("subtree", "a.com", mode=Mode.MONITOR),
            rule("site-name", "b", mode=Mode.MONITOR),
            rule("pattern", "c", mode=Mode.MONITOR),
            rule("subtree", "check.test", counted=False),
            rule("subtree", "d.com"),
            rule("subtree", "d.com", action=Action.PASSTHRU),
        )
    )
    assert found == {}


def test_a_category_of_which_all_but_one_is_allowed_has_one_name():
    """Or an administrator could publish how often one name is asked for."""
    listed = blocking(*(rule("subtree", f"n{number}.example.com") for number in range(30)))
    assert names(listed) == {"escort": 30}
    one_by_one = blocking(
        *(rule("subtree", f"n{number}.example.com") for number in range(1, 30)), role=Role.ALLOW
    )
    assert names(listed, one_by_one) == {"escort": 1}
    for above in ("example.com", "com", ""):
        for role in (Role.ALLOW, Role.PROTECTED):
            assert names(blocking(rule("subtree", above), role=role), listed) == {}
    exact = blocking(rule("exact", "example.com"), rule("exact", "n1.example.com"), role=Role.ALLOW)
    assert names(listed, exact) == {"escort": 29}
    assert names(listed, blocking(rule("subtree", "ample.com"), role=Role.ALLOW)) == {"escort": 30}


def test_the_suffixes_are_no_names():
    assert names(blocking(rule("subtree", "com"), rule("subtree", "a.com"))) == {"escort": 2}


def decided(world: World, shown: set[bytes]) -> Counter[str]:
    """The categories that the names of blocking rules are recorded under."""
    subject = policy(world.lists, world.suffixes)
    cells = [cell for one in shown for cell in subject.decide(one).cells]
    return Counter(category for category, mode in cells if mode == "enforced")


def blocks(one: Rule) -> bool:
    return one.action is Action.BLOCK and one.mode is Mode.ENFORCE


@given(worlds(NAMES))
def test_no_category_has_more_names_than_are_recorded_under_it(world):
    every = [one for found in world.lists if found.role is Role.BLOCK for one in found.rules]
    counted = Counter(names_of(world))
    expected = decided(world, {one.value for one in every if blocks(one)})
    assert counted <= expected
    if all(one.action is Action.BLOCK and one.counted for one in every):
        assert counted == expected


def names_of(world: World) -> dict[str, int]:
    return Snapshot(octets(world.lists, world.suffixes)).names_by_category()
