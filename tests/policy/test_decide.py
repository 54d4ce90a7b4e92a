"""The table of precedence, the suffix list and RFC 8020, case by case."""

import pytest

from blockfilter.policy.decide import OPEN
from blockfilter.policy.rule import Action, Mode, Role, RuleList, Trigger
from tests.policy.rules import blocking, name, policy, rule

_PSL = [
    "com",
    "uk",
    "co.uk",
    "*.ck",
    "!www.ck",
    "blogspot.com",
    "compute.cloud.com",
    "*.kobe.jp",
    "jp",
]
_PASS = Action.PASSTHRU


@pytest.mark.parametrize(
    ("rules", "strongest"),
    [
        (["exact x.com", "subtree x.com", "site-name xsite", "pattern x"], "x.com"),
        (["subtree com", "subtree x.com"], "x.com and all below"),
        (["pattern ^x", "subtree com"], "com and all below"),
        (["site-name x", "subtree com"], "com and all below"),
        (["pattern ^x", "site-name x"], "x under any public suffix"),
        (["pattern ^x"], "/^x/"),
    ],
)
def test_the_strongest_rule_is_the_one_that_is_named(rules, strongest):
    for order in (rules, rules[::-1]):
        found = [rule(*one.split(" ", 1)) for one in order]
        for sources in ([blocking(*found)], [blocking(one, id_=one.value.hex()) for one in found]):
            assert policy(sources, _PSL).explain(name("x.com")).rule == strongest


def test_protected_beats_allowed_beats_blocked():
    protected = blocking(rule("subtree", "com"), role=Role.PROTECTED, id_="protected")
    allowed = blocking(rule("exact", "x.com"), role=Role.ALLOW, id_="allowed")
    listed = blocking(rule("exact", "x.com"), id_="listed")
    for sources in ([listed, allowed, protected], [protected, allowed, listed]):
        assert policy(sources, _PSL).explain(name("x.com")).list == "protected"
    assert policy([listed, allowed], _PSL).explain(name("x.com")).list == "allowed"
    told = policy([listed], _PSL).explain(name("x.com"))
    assert (told.blocked, told.list, told.why) == (True, "listed", "on the list")


@pytest.mark.parametrize(
    ("exception", "block", "blocked"),
    [
        ("exact a.x.com", "subtree x.com", False),
        ("subtree a.x.com", "subtree x.com", False),
        ("subtree x.com", "subtree x.com", False),
        ("exact a.x.com", "exact a.x.com", False),
        ("pattern ^a", "pattern ^a.x", False),
        ("site-name x", "pattern ^a", False),
        ("subtree com", "subtree x.com", True),
        ("subtree x.com", "exact a.x.com", True),
        ("site-name x", "subtree x.com", True),
        ("pattern ^a", "site-name x", True),
    ],
)
def test_an_exception_cancels_what_is_not_more_specific_and_only_in_its_own_list(
    exception, block, blocked
):
    exempting = rule(*exception.split(" ", 1), action=_PASS)
    listed = rule(*block.split(" ", 1))
    asked = name("a.x.com")
    assert policy([blocking(exempting, listed)], _PSL).decide(asked).blocks == blocked
    assert policy([blocking(listed, exempting)], _PSL).decide(asked).blocks == blocked
    apart = [blocking(exempting, id_="one"), blocking(listed, id_="two")]
    assert policy(apart, _PSL).decide(asked).blocks
    watched = policy([blocking(exempting, listed._replace(mode=Mode.MONITOR))], _PSL).decide(asked)
    assert bool(watched.cells) == blocked
    assert not watched.blocks


@pytest.mark.parametrize(
    ("asked", "matched"),
    [
        ("rubmaps.com", True),
        ("www.rubmaps.com", True),
        ("a.b.c.rubmaps.com", True),
        ("rubmaps.co.uk", True),
        ("rubmaps.uk", True),
        ("www.rubmaps.uk", True),
        ("rubmaps.anything.ck", True),  # under *.ck, anything.ck is a suffix
        ("rubmaps.ck", False),  # a suffix itself
        ("rubmaps.www.ck", False),  # below www.ck, which !www.ck makes a site
        ("rubmaps.blogspot.com", True),  # private suffixes count
        ("rubmaps.city.kobe.jp", True),
        ("rubmaps.kobe.jp", False),
        ("rubmaps.unheard-of", True),  # an unknown last label counts as a suffix
        ("www.rubmaps.unheard-of", True),
        ("rubmaps", False),
        ("com", False),
        ("", False),
        ("myrubmaps.com", False),
        ("rubmapss.com", False),
        ("rub.maps.com", False),
        ("rubmaps.example.com", False),
        ("rubmaps.example.co.uk", False),
        ("co.uk", False),
    ],
)
def test_a_site_name_is_the_label_left_of_a_public_suffix_and_nothing_else(asked, matched):
    subject = policy([blocking(rule("site-name", "rubmaps"))], _PSL)
    assert subject.decide(name(asked)).blocks == matched
    assert bool(subject.matches(name(asked))) == matched


def test_without_any_suffix_list_the_last_label_is_the_suffix():
    subject = policy([blocking(rule("site-name", "rubmaps"))], [])
    assert subject.decide(name("www.rubmaps.com")).blocks
    assert not subject.decide(name("rubmaps.co.uk")).blocks


def test_a_rule_at_the_root_is_no_suffix_and_holds_everything():
    found = [
        blocking(
            rule("subtree", "", counted=False), *[rule("exact", f"n{i}.com") for i in range(9)]
        )
    ]
    subject = policy([*found, blocking(rule("site-name", "rubmaps"), id_="sites")], _PSL)
    assert subject.decide(b"\0").blocks
    assert subject.decide(name("x.com")).blocks
    assert subject.explain(name("www.rubmaps.co.uk")).rule == ". and all below"
    assert [m.rule for m in subject.matches(name("www.rubmaps.co.uk"))] == [b"\0", b"rubmaps"]


@pytest.mark.parametrize("role", [Role.PROTECTED, Role.ALLOW])
@pytest.mark.parametrize("trigger", ["exact", "subtree"])
def test_an_open_name_below_a_blocked_subtree_turns_every_denial_above_it_into_nodata(
    role, trigger
):
    opened = blocking(rule(trigger, "a.b.x.com"), role=role, id_="opened")
    for sources in (
        [opened, blocking(rule("subtree", "com"))],
        [blocking(rule("subtree", "com")), opened],
    ):
        subject = policy(sources, _PSL)
        for above in ("com", "x.com", "b.x.com"):
            assert subject.decide(name(above))[:3] == (True, False, True)
        for aside in ("y.com", "c.x.com", "c.b.x.com"):
            assert subject.decide(name(aside))[:3] == (True, False, False)
        assert subject.decide(name("a.b.x.com")).passes
        below = subject.decide(name("z.a.b.x.com"))
        assert (below.passes, below.blocks) == (
            (True, False) if trigger == "subtree" else (False, True)
        )


def test_an_exception_of_the_list_itself_opens_names_in_the_same_way():
    subject = policy(
        [blocking(rule("subtree", "x.com"), rule("exact", "a.b.x.com", action=_PASS))], _PSL
    )
    assert subject.decide(name("x.com")).nodata
    assert subject.decide(name("b.x.com")).nodata
    assert not subject.decide(name("c.x.com")).nodata
    assert subject.decide(name("a.b.x.com")) == OPEN


def test_a_block_that_an_exception_cancels_denies_nothing_below():
    excepted = blocking(
        rule("subtree", "x.com"), rule("subtree", "y.x.com", action=_PASS), id_="one"
    )
    other = blocking(rule("exact", "z.y.x.com"), id_="two")
    subject = policy([excepted, other], _PSL)
    assert not subject.decide(name("w.z.y.x.com")).blocks
    assert subject.decide(name("z.y.x.com"))[:3] == (True, False, True)


def test_an_exact_rule_denies_nothing_below_unless_a_subtree_holds_it():
    assert policy([blocking(rule("exact", "x.com"))], _PSL).decide(name("x.com")).nodata
    held = policy([blocking(rule("exact", "x.com"), rule("subtree", "com"))], _PSL)
    assert not held.decide(name("x.com")).nodata
    watched = rule("subtree", "com", mode=Mode.MONITOR)
    assert policy([blocking(rule("exact", "x.com"), watched)], _PSL).decide(name("x.com")).nodata


def test_a_pattern_denies_nothing_below():
    subject = policy([blocking(rule("pattern", "^x"))], _PSL)
    assert subject.decide(name("x.com"))[:3] == (True, False, True)


def test_a_site_denies_what_is_below_unless_a_public_suffix_is():
    subject = policy([blocking(rule("site-name", "rubmaps"), rule("site-name", "cloud"))], _PSL)
    assert not subject.decide(name("rubmaps.com")).nodata
    assert not subject.decide(name("www.rubmaps.com")).nodata
    assert subject.decide(name("cloud.com"))[:3] == (True, False, True)
    assert not subject.decide(name("www.compute.cloud.com")).blocks
    assert not subject.decide(name("www.cloud.com")).nodata


def test_a_list_that_lets_names_pass_by_their_shape_lets_nothing_be_denied():
    for shape in ("pattern ^open", "site-name opened"):
        allowed = blocking(rule(*shape.split(" ", 1)), role=Role.ALLOW, id_="allowed")
        subject = policy([blocking(rule("subtree", "com")), allowed], _PSL)
        assert subject.decide(name("x.com"))[:3] == (True, False, True)


def test_many_rules_at_one_name_are_all_seen_and_one_is_named():
    sources = [
        blocking(rule(trigger, "x.com", f"c{number}", mode=mode), id_=f"{number} {trigger} {mode}")
        for number in range(40)
        for trigger in ("exact", "subtree")
        for mode in Mode
    ]
    subject = policy(sources, _PSL)
    assert len(subject.matches(name("x.com"))) == 160
    assert len(subject.matches(name("a.x.com"))) == 80
    assert subject.decide(name("x.com")).cells == (("c0", "enforced"), ("c0", "monitored"))
    assert subject.explain(name("x.com")).list == "0 exact enforce"


def test_the_test_name_is_blocked_and_leaves_no_trace():
    subject = policy([blocking(rule("exact", "check.blockfilter.test", counted=False))], _PSL)
    decided = subject.decide(name("check.blockfilter.test"))
    assert (decided.blocks, decided.cells) == (True, ())


@pytest.mark.parametrize(
    ("trigger", "value"),
    [("exact", "x.com"), ("subtree", "x.com"), ("site-name", "x"), ("pattern", "^x[.]")],
)
def test_an_own_entry_shows_its_category_and_is_recorded_without_it(trigger, value):
    own = blocking(
        rule(trigger, value, "escort"), rule(trigger, value, "watched", mode=Mode.MONITOR), own=True
    )
    subject = policy([own], _PSL)
    assert subject.explain(name("x.com")).category == "escort"
    assert subject.decide(name("x.com")).cells == (("other", "enforced"), ("other", "monitored"))
    shared = blocking(rule("exact", "x.com", "review"), id_="curated")
    subject = policy([shared, own], _PSL)
    assert subject.decide(name("x.com")).cells == (("review", "enforced"), ("other", "monitored"))


def test_patterns_speak_of_the_printable_lower_case_name_without_its_last_dot():
    for expression, matched in [
        ("^x[.]com$", True),
        ("com[.]$", False),
        ("X", False),
        ("(?i)X", True),
        (r"\.c", True),
    ]:
        subject = policy([blocking(rule("pattern", expression))], _PSL)
        assert subject.decide(name("x.com")).blocks == matched
    dotted = policy([blocking(rule("pattern", r"^a\\\.b\.com$"))], _PSL)
    assert dotted.decide(b"\3a.b\3com\0").blocks
    assert not dotted.decide(b"\1a\1b\3com\0").blocks


def test_patterns_of_several_lists_are_told_apart():
    sources = [blocking(rule("pattern", f"^x{i}", f"c{i}"), id_=f"l{i}") for i in range(30)]
    subject = policy(sources, _PSL)
    for i in (1, 10, 29):
        assert (f"c{i}", "enforced") in [
            (match.record.category, "enforced") for match in subject.matches(name(f"x{i}.com"))
        ]
        assert subject.explain(name(f"x{i}.com")).rule in {f"/^x{i}/", f"/^x{i // 10}/"}


def test_thousands_of_different_nodes_are_decided_right():
    found = [rule("exact", f"n{i}.com", f"c{i}") for i in range(4200)]
    subject = policy([RuleList("list", Role.BLOCK, found)], _PSL)
    for _ in range(2):
        for i in (*range(0, 4200, 3), *range(4190, 4200)):
            assert subject.decide(name(f"n{i}.com")).cells == ((f"c{i}", "enforced"),)


def test_nothing_is_learnt_from_a_query():
    """Or the second to ask would hear sooner than the first, and know that there was one."""
    sites = [rule("subtree", f"n{i}.com", "escort", site=f"s{i}") for i in range(20)]
    subject = policy([blocking(*sites, rule("exact", "below.n3.com", "review"))], _PSL)
    before = {key: repr(value) for key, value in vars(subject).items()}
    for i in range(25):
        for text in (f"n{i}.com", f"www.n{i}.com", f"below.n{i}.com"):
            subject.decide(name(text))
    assert {key: repr(value) for key, value in vars(subject).items()} == before


def test_what_is_on_no_list_is_open():
    subject = policy([blocking(rule("subtree", "x.com"))], _PSL)
    for asked in ("", "com", "y.com", "xx.com", "x.com.y", "x.co"):
        assert subject.decide(name(asked)) is OPEN
    assert subject.explain(name("y.com")).why == "on no list"
    assert policy([], []).decide(name("y.com")) is OPEN


def test_every_trigger_has_a_place_in_the_table():
    for trigger in Trigger:
        value = "x.com" if trigger in (Trigger.EXACT, Trigger.SUBTREE) else "x"
        subject = policy([blocking(rule(trigger, value))], _PSL)
        assert subject.decide(name("x.com")).blocks
        assert subject.explain(name("x.com")).rule
