"""Names as the configuration of resolvers says them: dnsmasq, unbound's local zones, RPZ.

======================  ================================  ===========================  ===========
what holds at x, below  dnsmasq (2.86 or later)           unbound                      RPZ
======================  ================================  ===========================  ===========
blocked, blocked        ``local=/x/``                     ``always_nxdomain``          both
blocked, open           ``local=/x/  server=/*.x/#``      ``transparent`` and an SOA   ``x``
open, blocked           ``server=/x/#  local=/*.x/``      no                           ``*.x``
open below a block      ``server=/x/#``                   ``always_transparent``       passthru
======================  ================================  ===========================  ===========

A blocked name with something open below it is denied with NODATA where the format can, because an
NXDOMAIN would deny what is below, too (RFC 8020).

In a policy zone a wildcard stands for no name below one that is there (RFC 4592 section 2.2.1). So
wherever a wildcard holds above a name, that name brings its own, and so does each name between.
"""

from collections import Counter
from collections.abc import Iterator

from blockfilter.catalog.formats.flat import Flat
from blockfilter.catalog.formats.writing_names import BELOW, Above, Said
from blockfilter.message import name as names

OPENED = "names below a name that is open although those around it are blocked"
LONG = "names too long to stand in a policy zone"
OTHERWISE = "names that mean something else in a policy zone"

TTL = 60  # seconds a denial is believed, as blockfilter's own
MAX_ZONE = 64  # octets of a policy zone's own name, of 255 for both
_MAX_OWNER = names.MAX_NAME - MAX_ZONE - len(b"\x01*")


def dnsmasq(flats: Iterator[Flat], _left: Counter[str]) -> Iterator[Said]:
    """The longest name that fits decides; `/*.x/` is all below x and not x itself."""
    for one in flats:
        lines = []
        if one.at != one.inherited:
            lines.append(_dnsmasq(one.text, one.at))
        if one.below != one.at:
            lines.append(_dnsmasq(f"*.{one.text}", one.below))
        if lines:
            yield Said(one.blocks, "".join(lines))


def _dnsmasq(pattern: str, blocked: bool) -> str:
    return f"local=/{pattern}/\n" if blocked else f"server=/{pattern}/#\n"


def unbound(flats: Iterator[Flat], left: Counter[str]) -> Iterator[Said]:
    """The zone of the longest name decides. A name can be blocked alone, but not be open alone."""
    blocked = Above(False)
    for one in flats:
        inherited = blocked.state(one.text)
        if one.below and not one.at:
            left[OPENED if inherited else BELOW] += 1
        below = one.at and one.below
        if one.at == below == inherited:
            continue
        blocked.add(one.text, below)
        zone = f'local-zone: "{one.text}." '
        if one.at and below:
            kind = "always_nodata" if one.open_below else "always_nxdomain"
            yield Said(True, f"{zone}{kind}\n")
        elif one.at:
            # The name is there and has only this record, so all other types are NODATA.
            soa = f"local-data: '{one.text}. {TTL} IN SOA {_soa(1)}'\n"
            yield Said(True, f"{zone}transparent\n{soa}")
        else:
            yield Said(False, f"{zone}always_transparent\n")


def rpz(flats: Iterator[Flat], left: Counter[str]) -> Iterator[Said]:
    """Triggers by QNAME."""
    wild: Above[bool | None] = Above(None)  # what the wildcard says that holds, if there is one
    for one in flats:
        if not one.turns:
            continue
        if len(one.text) + len(b"\x00\x00") > _MAX_OWNER:
            left[LONG] += 1
            continue
        if one.text.rpartition(".")[2].startswith("rpz-"):
            left[OTHERWISE] += 1
            continue
        inherited = wild.state(one.text)
        lines = []
        if inherited is not None:
            for between in _between(one.text, wild.name):
                lines += _rpz(between, at=inherited, below=inherited, open_below=True)
                wild.add(between, inherited)
        if inherited is None and not one.below:
            lines.append(f"{one.text} CNAME *.\n")
        else:
            lines += _rpz(one.text, one.at, one.below, one.open_below)
            if inherited is None and not one.at:
                del lines[0]
            wild.add(one.text, one.below)
        yield Said(one.blocks, "".join(lines))


def _rpz(text: str, at: bool, below: bool, open_below: bool) -> list[str]:
    action = "rpz-passthru." if not at else "*." if open_below else "."
    return [f"{text} CNAME {action}\n", f"*.{text} CNAME {'.' if below else 'rpz-passthru.'}\n"]


def _between(text: str, above: str) -> list[str]:
    """The names between one and a name above it, from there on."""
    labels = text[: -len(above) - 1].split(".") if above else text.split(".")
    return [".".join([*labels[at:], above]) for at in range(len(labels) - 1, 0, -1)]


def rpz_head(serial: int) -> str:
    """What a zone needs besides its rules. The serial is the release's."""
    return f"$TTL {TTL}\n@ SOA {_soa(serial)}\n@ NS localhost.\n"


def _soa(serial: int) -> str:
    return f"localhost. nobody.invalid. {serial} 3600 600 604800 {TTL}"
