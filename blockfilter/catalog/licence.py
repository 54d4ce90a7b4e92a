"""Whether the terms under which names were given let them be passed on, as far as words can tell.

People write licences in many ways. What names a prohibition is taken at its word; what names none
is taken to allow it, because facts alone are free in most places and people reviewed the entry.
"""

import re

_FORBIDS = re.compile(
    r"""
    \bno\s+(?:re-?)?distribution\b
    | \b(?:do|may|must|shall|can)\s*not\s+(?:be\s+)?(?:re-?distribut|share|pass|publish)
    | \bnot\s+(?:to\s+be\s+|for\s+)?(?:re-?distribut|shar|pass|publi)
    | \b(?:re-?)?distribution\s+(?:is\s+)?(?:prohibited|forbidden|not)
    | \bproprietary\b | \bconfidential\b | \bunlicensed\b
    | \ball\s+rights\s+reserved\b
    | \b(?:internal|personal|private|own)\s+use\b
    | \bnon-?\s?commercial\b | \bno\s?derivatives?\b | \bno-derivatives?\b
    | \b(?:cc[\s-])?by(?:-sa)?-n[cd]\b
    | ^\s*(?:none|unknown|no\s+licen[cs]e)\s*$
    """,
    re.IGNORECASE | re.VERBOSE,
)


def may_redistribute(licence: str) -> bool:
    """Whether names given under these terms may stand in a list that is exported."""
    return not _FORBIDS.search(licence)
