"""Who waits for which exchange."""

from blockfilter.resolve.inflight import MAX_WAITERS, Inflight, Joined


def test_the_first_starts_the_exchange_and_later_ones_wait_for_it():
    inflight: Inflight[str, int] = Inflight()
    assert inflight.join("a", 1) is Joined.FIRST
    assert inflight.join("a", 2) is Joined.LATER
    assert inflight.join("b", 3) is Joined.FIRST
    assert len(inflight) == 2
    assert inflight.leave("a") == [1, 2]
    assert inflight.leave("a") == []
    assert len(inflight) == 1
    assert inflight.join("a", 4) is Joined.FIRST


def test_at_the_bound_a_newcomer_does_not_wait():
    inflight: Inflight[str, int] = Inflight()
    found = [inflight.join("a", number) for number in range(MAX_WAITERS + 2)]
    assert found[:2] == [Joined.FIRST, Joined.LATER]
    assert found[MAX_WAITERS - 1 :] == [Joined.LATER, Joined.REFUSED, Joined.REFUSED]
    assert inflight.leave("a") == list(range(MAX_WAITERS))
