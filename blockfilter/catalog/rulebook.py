"""The rules that entries and releases are held to: one table, for people and for the checks alike.

Each has an id that never changes, a sentence that says why it is there, and what to do. In a remedy
ID and NAME stand for the entry's id and for what was found; a finding has them filled in.
"""

import re
from typing import NamedTuple

from blockfilter.catalog.finding import Finding, Severity
from blockfilter.catalog.site import State

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


class Check(NamedTuple):
    """One rule of the table; `severity` is the worst it can be."""

    id: str
    severity: Severity
    sentence: str
    remedy: str
    theirs: str = ""  # the remedy where the rule is in other people's list; "": the same


_EXCEPT = "keep it open: blockfilter list edit ID --except NAME"
_END = "take the list out, and tell its publisher: blockfilter list retire ID"

RULES = (
    Check(
        "public-suffix",
        _ERROR,
        "A rule at a public suffix or a bare top-level domain blocks the sites of strangers.",
        "list the site's own name instead: blockfilter list edit ID --remove NAME --add OTHER",
        _EXCEPT,
    ),
    Check(
        "site-name-short",
        _ERROR,
        "A site-name of fewer than 5 characters is an abbreviation that other sites have, too.",
        "list the names it has been seen under instead: blockfilter list edit ID --remove NAME",
        _END,
    ),
    Check(
        "site-name-word",
        _ERROR,
        "A site-name that is a word of the dictionary blocks sites that have nothing to do with it.",
        "list the names it has been seen under instead: blockfilter list edit ID --remove NAME",
        _END,
    ),
    Check(
        "site-name-popular",
        _ERROR,
        "A site-name of which popular sites are made blocks them under every suffix.",
        "list the names it has been seen under instead: blockfilter list edit ID --remove NAME",
        _END,
    ),
    Check(
        "protected-touched",
        _ERROR,
        "Nothing may touch a protected name: help lines, victim services, clinics, news and research "
        "on the matter, the organisation's own zones; nor what is above or below it.",
        "take it out: blockfilter list edit ID --remove NAME",
        _EXCEPT,
    ),
    Check(
        "protected-lost",
        _ERROR,
        "Every protected name, ours and the catalogue's, passes whatever the lists say.",
        "put it back into protected.toml; if it is there, install blockfilter again",
    ),
    Check(
        "popular-name",
        _ERROR,
        "No rule may block or watch a well-known name of infrastructure, work, health or daily life; "
        "an entry that lists a name below one is looked at twice.",
        "take it out: blockfilter list edit ID --remove NAME",
        _EXCEPT,
    ),
    Check(
        "must-stay-open",
        _ERROR,
        "Root servers, updates and a sample of ordinary names are answered with every list in force.",
        "find the rule with blockfilter check NAME --trace --draft, and take it out",
    ),
    Check(
        "pattern-wide",
        _ERROR,
        "A pattern that is found in a sample of ordinary names will be found in others, too.",
        "anchor it with ^ and $, or list names instead: blockfilter list edit ID --remove NAME",
        _END,
    ),
    Check(
        "pattern-slow",
        _ERROR,
        "Every query is held against every pattern: each must be RE2, which is linear, and few.",
        "list names instead: blockfilter list edit ID --remove NAME",
        _END,
    ),
    Check(
        "evidence-missing",
        _ERROR,
        "Every name that is listed is attested, with a reference and a date.",
        'add it with blockfilter list edit ID --evidence "..."',
    ),
    Check(
        "evidence-is-content",
        _ERROR,
        "Evidence says where something was seen and when; it never repeats what was seen, which is "
        "often about people who are harmed by that.",
        "write one line that refers to it, and of a file its SHA-256: blockfilter list edit ID",
    ),
    Check(
        "criterion-missing",
        _ERROR,
        "Every entry says which written criterion of its category it meets.",
        'add it with blockfilter list edit ID --criterion "..."',
    ),
    Check(
        "source-missing",
        _ERROR,
        "Every entry says where its names come from.",
        'add it with blockfilter list edit ID --source "..."',
    ),
    Check(
        "licence-missing",
        _ERROR,
        "Every entry says under which terms its names were given.",
        'add it with blockfilter list edit ID --licence "..."',
    ),
    Check(
        "licence-forbids-redistribution",
        _WARNING,
        "What may not be passed on can be enforced here, but not stand in an exported list.",
        "ask for other terms, or find a source that has them; until then exports leave it out",
    ),
    Check(
        "lookalike",
        _ERROR,
        "A listed name that looks like a protected one is a slip, or an impostor that people are to "
        "look at twice: an error where the eye sees no difference, else a warning.",
        "compare them letter by letter, and take it out if it is a slip: blockfilter list edit ID "
        "--remove NAME",
    ),
    Check(
        "contradictory",
        _WARNING,
        "No name is listed and excepted, or listed in two categories: only one of the two counts.",
        "decide which is meant, and take the other out: blockfilter list edit ID --remove NAME",
    ),
    Check(
        "redundant",
        _WARNING,
        "A rule that a wider one covers says nothing, and outlives the wider one unseen.",
        "take it out: blockfilter list edit ID --remove NAME",
    ),
    Check(
        "review-overdue",
        _WARNING,
        "An entry is looked at again by its review date: sites move, close and are sold.",
        "look at it again, then blockfilter list edit ID --review DATE",
    ),
    Check(
        "expired",
        _WARNING,
        "An entry whose time is over retires by itself with the next release.",
        "let it retire, or blockfilter list edit ID --expires DATE",
    ),
    Check(
        "delta",
        _ERROR,
        "A list that shrinks by more than 10 % or grows by more than 25 % was cut short or changed "
        "hands more often than not.",
        "look at blockfilter list diff; if it is right, two people release it with --force and a "
        "reason",
    ),
    Check(
        "self-test",
        _ERROR,
        "The compiled policy decides on a sample of every kind of rule of every list as they say.",
        "release again; if it stays, install blockfilter again and report it",
    ),
)

_PLACEHOLDER = re.compile(r"\b(?:ID|NAME)\b")
_BY_ID = {check.id: check for check in RULES}
JUDGED = frozenset((State.PROPOSED, State.APPROVED, State.ACTIVE, State.DISPUTED))


def found(
    rule: str,
    place: str,
    sentence: str,
    *,
    entry: str = "ID",
    name: str = "NAME",
    severity: Severity | None = None,
    imported: bool = False,
) -> Finding:
    """A finding of the rule, with its remedy filled in."""
    check = _BY_ID[rule]
    words = {"ID": entry, "NAME": name}
    text = check.theirs if imported and check.theirs else check.remedy
    remedy = _PLACEHOLDER.sub(lambda match: words[match[0]], text)
    return Finding(rule, severity or check.severity, place, sentence, remedy)
