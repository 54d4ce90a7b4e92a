"""The compiled policy as a file: the same from the same, whole or refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.errors import PolicyError
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Mode, Role, Rule, RuleList, Trigger
from blockfilter.policy.snapshot import SUFFIX_SPACE, Snapshot, build, compile_patterns
from tests.policy.reference import wire
from tests.policy.rules import blocking, name, octets, policy, rule, worlds
from tests.strategies import any_tuples, examples

_LISTS = [
    blocking(
        rule("subtree", "x.com", site="x"),
        rule("exact", "y.com", mode=Mode.MONITOR),
        rule("site-name", "rubmaps"),
        rule("pattern", "^z"),
        id_="curated",
    ),
    blocking(rule("subtree", "a.x.com"), role=Role.PROTECTED, id_="protected"),
    blocking(rule("exact", "b.x.com"), role=Role.ALLOW, id_="allowed"),
]
_FILE = octets(_LISTS, ["com", "*.ck", "!www.ck"], serial=7)
_HEADER = struct.Struct("<8sQQ32s32sQQQ")
_FIELDS = ("magic", "version", "serial", "inputs", "digest", "tables", "trie", "metadata")


def test_a_snapshot_tells_what_it_was_made_of():
    snapshot = Snapshot(_FILE)
    assert (snapshot.serial, snapshot.inputs) == (7, bytes(range(32)))
    assert (snapshot.release, snapshot.suffix_date) == ("2026-11-23", "2026-10-22")
    assert [(one.id, one.role, one.rules) for one in snapshot.lists] == [
        ("curated", Role.BLOCK, 4),
        ("protected", Role.PROTECTED, 1),
        ("allowed", Role.ALLOW, 1),
    ]
    assert snapshot.rules == 4
    assert Snapshot(memoryview(bytearray(_FILE))).serial == 7


def test_an_empty_policy_is_a_policy():
    subject = policy([], [])
    assert subject.snapshot.rules == 0
    assert not subject.decide(name("x.com")).blocks
    assert not subject.decide(b"\0").blocks


@examples(25)
@given(worlds())
def test_the_same_inputs_give_the_same_octets(world):
    once = octets(world.lists, world.suffixes)
    assert octets(world.lists, world.suffixes) == once
    iterators = [RuleList(one.id, one.role, iter(one.rules)) for one in world.lists]
    assert octets(iterators, iter(world.suffixes)) == once
    assert octets(world.lists, world.suffixes, serial=2) != once


@pytest.mark.parametrize("field", _FIELDS)
def test_a_header_with_a_wrong_field_is_refused(field):
    values = list(_HEADER.unpack_from(_FILE))
    at = _FIELDS.index(field)
    values[at] = values[at][::-1] if isinstance(values[at], bytes) else values[at] + 8
    with pytest.raises(PolicyError):
        Snapshot(_HEADER.pack(*values) + _FILE[_HEADER.size :])


def test_two_lengths_that_make_up_for_each_other_are_refused():
    values = list(_HEADER.unpack_from(_FILE))
    values[5] += 8
    values[6] -= 8
    with pytest.raises(PolicyError):
        Snapshot(_HEADER.pack(*values) + _FILE[_HEADER.size :])


def test_a_changed_octet_anywhere_in_the_header_is_refused():
    for at in range(_HEADER.size):
        for flip in (1, 0x80):
            damaged = bytearray(_FILE)
            damaged[at] ^= flip
            with pytest.raises(PolicyError):
                Snapshot(bytes(damaged))


@examples(100)
@given(st.integers(0, len(_FILE) - 1), st.integers(1, 255))
def test_a_changed_octet_anywhere_is_refused(at, flip):
    damaged = bytearray(_FILE)
    damaged[at] ^= flip
    with pytest.raises(PolicyError):
        Snapshot(bytes(damaged))


@pytest.mark.parametrize("cut", [*range(_HEADER.size + 2), len(_FILE) - 4, len(_FILE) - 1])
def test_a_file_cut_short_is_refused(cut):
    with pytest.raises(PolicyError):
        Snapshot(_FILE[:cut])


@pytest.mark.parametrize("more", [b"\0", b"\0" * 4, b"\0" * 4096])
def test_a_file_with_something_behind_it_is_refused(more):
    with pytest.raises(PolicyError):
        Snapshot(_FILE + more)


@examples(50)
@given(st.binary(max_size=300))
def test_arbitrary_octets_are_refused(found):
    with pytest.raises(PolicyError):
        Snapshot(found)


@pytest.mark.parametrize(
    "expression",
    [
        "(",
        "[a",
        "a{2,1}",
        "*a",
        "a**",
        r"\p{Nonsense}",
        "(?=a)",
        "(?<!a)b",
        r"(a)\1",
        "a{1001}",
        "a\\",
    ],
)
def test_a_pattern_that_re2_refuses_refuses_the_policy(expression):
    with pytest.raises(PolicyError):
        policy([blocking(rule("pattern", "fine"), rule("pattern", expression))], [])


def test_a_pattern_too_large_for_re2_refuses_the_policy():
    huge = "((a{100}){100}){10}"
    with pytest.raises(PolicyError):
        policy([blocking(rule("pattern", huge))], [])


def test_patterns_that_are_too_large_only_together_refuse_the_policy():
    large = [f"[a-m]{{1000}}{number}[n-z]{{900}}" for number in range(200)]
    compile_patterns(large[:1])
    with pytest.raises(PolicyError):
        policy([blocking(*[rule("pattern", one) for one in large])], [])


def test_a_refused_pattern_is_not_printed(capfd):
    with pytest.raises(PolicyError):
        compile_patterns(["(secret"])
    captured = capfd.readouterr()
    assert "secret" not in captured.out + captured.err


@examples(100)
@given(any_tuples)
def test_no_name_has_a_key_in_the_space_of_the_suffixes(labels):
    assert not names.key(names.from_labels(labels)).startswith(SUFFIX_SPACE)
    assert len(SUFFIX_SPACE) == 1


def test_rules_and_suffixes_of_one_name_stay_apart():
    listed = [rule("exact", one) for one in ("com", "co.uk", "ck")]
    numbered = [rule("subtree", f"n{i}.com", f"c{i}") for i in range(20)]
    subject = policy(
        [blocking(*listed, *numbered, rule("site-name", "n3"))], ["com", "co.uk", "*.ck"]
    )
    assert subject.decide(name("com")).blocks
    assert not subject.decide(name("uk")).blocks
    assert subject.decide(name("n3.co.uk")).blocks
    assert subject.decide(name("n3.any.ck")).blocks
    assert not subject.decide(name("n3.ck")).blocks
    assert subject.decide(name("a.n7.com")).cells == (("c7", "enforced"),)


@examples(25)
@given(st.lists(any_tuples, max_size=12, unique_by=lambda labels: wire(labels).lower()), any_tuples)
def test_every_name_that_was_put_in_is_found_and_no_other(listed, other):
    found = [names.from_labels(labels) for labels in listed]
    rules = [Rule(Trigger.EXACT, one, f"c{i}") for i, one in enumerate(found)]
    subject = policy([blocking(*rules)], ["com"])
    for i, one in enumerate(found):
        assert subject.decide(one).cells == ((f"c{i}", "enforced"),)
    asked = names.from_labels(other)
    assert subject.decide(asked).blocks == (asked in found)


def test_the_file_is_read_from_a_map_as_from_memory(tmp_path):
    import mmap

    file = tmp_path / "policy"
    file.write_bytes(_FILE)
    with (
        file.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        view = memoryview(mapped)
        subject = Policy(Snapshot(view))
        assert subject.decide(name("z.y.x.com")).blocks
        assert subject.decide(name("www.rubmaps.com")).blocks
        assert subject.decide(name("b.x.com")).passes
        del subject
        view.release()


def test_a_million_names_of_one_list_share_one_node():
    found = RuleList("big", Role.BLOCK, [rule("subtree", f"n{i}.example") for i in range(3000)])
    file = build([found], [], inputs=bytes(32), serial=1, release="r", suffix_date="d")
    snapshot = Snapshot(file)
    assert (len(snapshot.records), len(snapshot.nodes)) == (1, 2)
    assert len(file) < 3000 * 12
