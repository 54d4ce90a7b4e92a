"""Which office a client's address belongs to: one partition of the organisation, by prefix.

The longest prefix that holds an address decides; an address that none holds is ELSEWHERE. A lookup
costs one masked number a prefix length in use, however many networks there are. The table is
replaced whole, so any thread may look while another swaps.
"""

from collections.abc import Iterable
from typing import NamedTuple

from blockfilter.config.values import network
from blockfilter.hits.hit import ELSEWHERE
from blockfilter.hits.pseudonym import packed

Offices = Iterable[tuple[str, Iterable[str]]]  # ids, and the prefixes of each


class _Length(NamedTuple):
    """The prefixes of one length: network addresses as numbers, and whose they are."""

    mask: int
    offices: dict[int, str]


class _Table(NamedTuple):
    """One partition; in each family the longest prefixes first."""

    v4: tuple[_Length, ...]
    v6: tuple[_Length, ...]
    ids: frozenset[str]


class Partition:
    """Tells offices apart. ValueError where a prefix is none, and then nothing has changed."""

    def __init__(self, offices: Offices = ()) -> None:
        self._table = _table(offices)

    def swap(self, offices: Offices) -> None:
        """Put another partition in force, whole."""
        self._table = _table(offices)

    @property
    def ids(self) -> frozenset[str]:
        """The offices that have a prefix."""
        return self._table.ids

    def __call__(self, client: str) -> str:
        """The office of a client's address."""
        address = packed(client)
        number = int.from_bytes(address, "big")
        for mask, offices in self._table.v4 if len(address) == 4 else self._table.v6:
            office = offices.get(number & mask)
            if office is not None:
                return office
        return ELSEWHERE


def _table(offices: Offices) -> _Table:
    """Of two offices with one prefix the first has it."""
    found: dict[int, dict[int, dict[int, str]]] = {4: {}, 6: {}}
    for office, prefixes in offices:
        for prefix in prefixes:
            net = network(prefix)
            alike = found[net.version].setdefault(net.prefixlen, {})
            alike.setdefault(int(net.network_address), office)
    ids = {id_ for family in found.values() for alike in family.values() for id_ in alike.values()}
    return _Table(_by_length(found[4], 32), _by_length(found[6], 128), frozenset(ids))


def _by_length(found: dict[int, dict[int, str]], bits: int) -> tuple[_Length, ...]:
    return tuple(
        _Length((1 << bits) - (1 << (bits - length)), found[length])
        for length in sorted(found, reverse=True)
    )
