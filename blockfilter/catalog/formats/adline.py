r"""One line of an adblock list as the DNS filters read it, strictly.

=============================  =================================================================
line                           meaning
=============================  =================================================================
``||x^``                       x and all below it
``||*.x^``                     what is below x only
``|x^``, ``|x|``               x alone
``||ad*.x^``                   an expression: ``*`` stands for any characters
``/re/``                       an RE2 expression over the name
``@@`` before the first three  an exception
``$important``                 outranks exceptions that are not important
``$badfilter``                 takes back the rule that is spelt like the rest of the line
``$denyallow=a|b``             spares a and b, with all below them
``! …``, ``[…]``, ``# …``      none
=============================  =================================================================

Everything else is refused with its cause: rules on web requests, on clients, on record types, on
parts of pages, and those that would mean every name that contains some letters.
"""

import re
from typing import NamedTuple

from blockfilter.catalog.formats import naming
from blockfilter.catalog.formats.cover import Speaks
from blockfilter.catalog.formats.expression import checked
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import FormatError
from blockfilter.message import name as names
from blockfilter.policy.rule import Trigger

# What a rule on web requests says; the words of uBlock Origin and AdGuard.
_WEB_WORDS = (
    "1p 3p all app badge cname content cookie css csp doc document domain ehide elemhide empty "
    "extension first-party font frame from genericblock generichide ghide header hls image "
    "inline-font inline-script jsinject jsonprune match-case media method mp4 network noop "
    "object other ping permissions popunder popup redirect redirect-rule removeheader "
    "removeparam replace script shide specifichide stealth strict-first-party "
    "strict-third-party stylesheet subdocument third-party to urlblock urltransform webrtc "
    "websocket xhr xmlhttprequest xmlprune "
)
_WEB = frozenset(_WEB_WORDS.split())
_MEANT = {
    "client": "$client is for some clients, and a list is for all",
    "ctag": "$ctag is for some clients, and a list is for all",
    "dnstype": "$dnstype is for some record types, and a list is for all",
    "dnsrewrite": "$dnsrewrite answers with something of its own, and a list only blocks",
}
_COSMETIC = re.compile(r"#@?(?:[?$%]|\$\?)?#(?=[^\s#])|\$@?\$(?=[a-z*])")
_COMMENT = re.compile(r"!|\[.*\]$|#(?:[\s#]|[^@?$%#]|$)")
_EXPRESSION = re.compile(r"/((?:[^/\\]|\\.)+)/(?:\$(.*))?")
_PART = re.compile(r"[a-z0-9._-]*")
_SPARES_ITSELF = "$denyallow spares the name itself, so nothing is left"
_COMBINED = "modifiers that together mean what no rule here can say"


class Line(NamedTuple):
    """What a line says. `value` is a canonical name, or of a pattern its expression."""

    passthru: bool
    trigger: Trigger
    value: bytes
    important: bool
    spared: tuple[Speaks, ...]
    spelling: str  # by which a $badfilter names it


class Taken(NamedTuple):
    """A line with $badfilter: the rule of this spelling does not count."""

    spelling: str


def parse(text: str, wide: Wide, forced: Trigger | None) -> Line | Taken | None:
    """A line; None where it says nothing, or is none of this syntax: see `is_plain`.

    `forced` is what names shall mean whatever is written. FormatError: the cause.
    """
    if _COSMETIC.search(text) and not text.startswith(("/", "@@/", "!")):
        raise FormatError("a rule on parts of pages, where a name belongs")
    if not text or _COMMENT.match(text):
        return None
    body, modifiers = _split(text.removeprefix("@@"))
    passthru = text.startswith("@@")
    spelling = _spelling(body, passthru, modifiers)
    if "badfilter" in modifiers:
        return Taken(spelling)
    important, denied = _meant(modifiers)
    trigger, value, alone = _subject(body, wide, forced, passthru)
    if denied and (passthru or important or trigger is not Trigger.SUBTREE):
        raise FormatError(_COMBINED)
    spared = _spared(value, denied, wide)
    if alone:
        spared = ((Trigger.EXACT, value), *spared)
    if spared and (passthru or important):
        raise FormatError(_COMBINED)
    return Line(passthru, trigger, value, important, spared, spelling)


def is_plain(text: str) -> bool:
    """Whether the line is a bare name or a hosts entry, as other lists have them."""
    if _COSMETIC.search(text) or _COMMENT.match(text) or text.startswith(("|", "@@", "/")):
        return False
    return bool(text) and "$" not in text and "^" not in text


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    if text.startswith("/") and (found := _EXPRESSION.fullmatch(text)):
        return f"/{found[1]}/", tuple((found[2] or "").split(",")) if found[2] else ()
    body, _, modifiers = text.partition("$")
    return body, tuple(modifiers.split(",")) if modifiers else ()


def _spelling(body: str, passthru: bool, modifiers: tuple[str, ...]) -> str:
    others = ",".join(sorted(set(modifiers) - {"badfilter"}))
    kept = body if body.startswith("/") else body.lower()
    return f"{'@@' if passthru else ''}{kept}{'$' if others else ''}{others}"


def _meant(modifiers: tuple[str, ...]) -> tuple[bool, tuple[str, ...]]:
    """Whether it is important, and what it spares."""
    important = False
    denied: tuple[str, ...] = ()
    for modifier in modifiers:
        word, equals, value = modifier.strip().partition("=")
        if word == "important" and not equals:
            important = True
        elif word == "denyallow" and value:
            denied = tuple(value.split("|"))
        elif cause := _MEANT.get(word):
            raise FormatError(cause)
        elif (bare := word.removeprefix("~")) in _WEB:
            raise FormatError(f"${bare} is for web requests, and a list is for names")
        else:
            raise FormatError("a modifier that no list of names has")
    return important, denied


def _subject(
    body: str, wide: Wide, forced: Trigger | None, passthru: bool
) -> tuple[Trigger, bytes, bool]:
    """What a rule speaks of, and whether of a name without the name itself."""
    if body.startswith("/"):
        if not _EXPRESSION.fullmatch(body):
            raise FormatError("a path, which says less than its name")
        if passthru:
            raise FormatError("an exception by expression, which outranks no name here")
        return Trigger.PATTERN, checked(body[1:-1]), False
    if body.startswith("||"):
        name, trigger = body.removeprefix("||"), forced or Trigger.SUBTREE
    elif body.startswith("|"):
        name, trigger = body.removeprefix("|"), forced or Trigger.EXACT
    else:
        raise FormatError("no || or | before the name, so it would mean all that contain it")
    ended = name.removesuffix("|").removesuffix("^")
    if ended == name:
        raise FormatError("no ^ behind the name, so it would mean all that begin so")
    bare = ended.removeprefix("*.") if body.startswith("||") else ended
    if "*" not in bare:
        checked_as = Trigger.EXACT if passthru else trigger
        alone = bare != ended and trigger is Trigger.SUBTREE
        return trigger, naming.listed(bare.encode(), checked_as, wide), alone
    if passthru:
        raise FormatError("an exception by expression, which outranks no name here")
    return Trigger.PATTERN, checked(_expression(ended, anchored=not body.startswith("||"))), False


def _expression(name: str, *, anchored: bool) -> str:
    """The expression of a name in which `*` stands for any characters."""
    parts = name.lower().split("*")
    if not all(map(_PART.fullmatch, parts)):
        raise FormatError("a character that no host's or site's name has")
    return ("^" if anchored else r"(?:^|\.)") + ".*".join(map(re.escape, parts)) + "$"


def _spared(value: bytes, denied: tuple[str, ...], wide: Wide) -> tuple[Speaks, ...]:
    found = []
    for text in denied:
        name = naming.from_text(text, Trigger.EXACT, wide)
        if name in names.superdomains(value):
            raise FormatError(_SPARES_ITSELF)
        if value in names.superdomains(name):  # elsewhere the rule says nothing of it
            found.append((Trigger.SUBTREE, name))
    return tuple(found)
