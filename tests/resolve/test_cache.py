"""What is kept, how long, and what a policy says of it. The clock is a number."""

import pytest

from blockfilter.message.answer import Answer
from blockfilter.message.question import NOERROR, NXDOMAIN, REFUSED, SERVFAIL
from blockfilter.resolve.cache import ENTRY_OVERHEAD, Cache, Key
from tests.policy.rules import blocking, name, policy, rule

_KEY: Key = (name("www.example.com"), 1, False, False, 0)


def _answer(lifetime: int = 60, rcode: int = NOERROR, *targets: bytes) -> Answer:
    return Answer(rcode, False, 1, 0, b"x" * 16, ((6, lifetime),), lifetime, targets)


def _cache(max_bytes: int = 1 << 20) -> Cache:
    return Cache(max_bytes, failure_ttl=5.0)


def test_an_answer_is_kept_for_its_lifetime_and_no_longer():
    cache = _cache()
    kept = cache.keep(_KEY, _answer(60), 100.0, trusted=True)
    for now in (100.0, 130.0, 159.999):
        assert cache.get(_KEY, now) is kept
    assert cache.get(_KEY, 160.0) is None
    assert (kept.came, kept.expires, kept.trusted) == (100.0, 160.0, True)


@pytest.mark.parametrize("rcode", [NOERROR, NXDOMAIN])
def test_an_answer_of_no_lifetime_is_told_and_not_kept(rcode):
    cache = _cache()
    kept = cache.keep(_KEY, _answer(0, rcode), 100.0, trusted=False)
    assert kept.answer
    assert kept.expires == 100.0
    assert cache.get(_KEY, 100.0) is None


@pytest.mark.parametrize("rcode", [SERVFAIL, REFUSED, 6])
def test_a_failure_that_was_answered_is_kept_for_moments(rcode):
    cache = _cache()
    cache.keep(_KEY, _answer(0, rcode), 100.0, trusted=False)
    assert cache.get(_KEY, 104.9)
    assert cache.get(_KEY, 105.0) is None


def test_a_failure_without_an_answer_is_kept_for_moments_with_its_reason():
    cache = _cache()
    cache.keep_failure(_KEY, 22, 100.0)
    kept = cache.get(_KEY, 104.9)
    assert kept
    assert (kept.answer, kept.failure) == (None, 22)
    assert cache.get(_KEY, 105.0) is None


def test_a_later_answer_takes_the_place_of_a_failure():
    cache = _cache()
    cache.keep_failure(_KEY, 22, 100.0)
    cache.keep(_KEY, _answer(60), 101.0, trusted=False)
    kept = cache.get(_KEY, 106.0)
    assert kept
    assert kept.answer


@pytest.mark.parametrize(
    "other",
    [
        (name("example.com"), 1, False, False, 0),
        (name("www.example.com"), 28, False, False, 0),
        (name("www.example.com"), 1, True, False, 0),
        (name("www.example.com"), 1, False, True, 0),
        (name("www.example.com"), 1, False, False, 1),
        (b"\x0bwww.example\3com\0", 1, False, False, 0),
    ],
)
def test_name_type_do_cd_and_route_are_all_part_of_the_question(other):
    cache = _cache()
    cache.keep(_KEY, _answer(), 100.0, trusted=False)
    assert cache.get(other, 100.0) is None


def test_octets_and_overhead_count_against_the_bound():
    cost = ENTRY_OVERHEAD + len(_KEY[0]) + 16
    assert _roomy(2 * cost)
    assert not _roomy(2 * cost - 2)


def _roomy(max_bytes: int) -> bool:
    cache = _cache(max_bytes)
    cache.keep(_KEY, _answer(), 100.0, trusted=False)
    return cache.get(_KEY, 100.0) is not None


def test_targets_are_inspected_once_a_generation():
    listed = policy([blocking(rule("subtree", "listed.example"))], [])
    other = policy([], [])
    kept = _cache().keep(_KEY, _answer(60, NOERROR, name("x.listed.example")), 1.0, trusted=False)
    first = kept.inspect(listed)
    assert first.blocks
    assert kept.inspect(listed) is first
    assert not kept.inspect(other).blocks
    assert kept.inspected_by == other.generation
    assert kept.inspect(listed).blocks


def test_an_answer_that_leads_nowhere_is_open():
    everything = policy([blocking(rule("subtree", ""))], [])
    kept = _cache().keep(_KEY, _answer(), 1.0, trusted=False)
    assert not kept.inspect(everything).blocks
    failed = _cache().keep_failure(_KEY, 22, 1.0)
    assert not failed.inspect(everything).blocks
