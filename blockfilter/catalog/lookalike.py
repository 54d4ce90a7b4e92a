"""Names that a hurried eye takes for another: a skeleton for each, and how near two of them are.

The table of confusables is small on purpose. It holds what is found in names that imitate others:
digits for letters, two narrow letters for a wide one, and the letters of other scripts that look
like ASCII. Nothing here is looked up on the path of a query.
"""

import unicodedata
from enum import StrEnum
from typing import NamedTuple

from blockfilter.catalog.suffixes import Wide

MIN_NEAR = 5  # characters; shorter labels have a neighbour in every direction
_ACE = "xn--"

# Letters of other scripts, by what they look like. Accents are taken off before.
_SCRIPTS = {
    "a": "аαɑ",
    "b": "вьβƅ",
    "c": "сϲ",
    "d": "ԁđð",
    "e": "еεҽ",
    "f": "ƒ",
    "g": "ցɡ",
    "h": "һհħ",
    "i": "іιıɩɪ",
    "j": "јϳ",
    "k": "кκĸ",
    "l": "ӏłʟ",
    "m": "м",
    "n": "пηոɴ",
    "o": "оοσօø",
    "p": "рρþ",
    "q": "ԛզ",
    "r": "гʀ",
    "s": "ѕꜱ",
    "t": "тτŧ",
    "u": "υսʋ",
    "v": "νѵᴠ",
    "w": "ԝωѡ",
    "x": "хχ",
    "y": "уγү",
    "z": "ᴢ",
    "ae": "æ",
    "oe": "œ",
    "ss": "ß",
    "-": "‐‑–−",
}
_TO_ASCII = str.maketrans({look: as_ for as_, looks in _SCRIPTS.items() for look in looks})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SWAPS = str.maketrans("01345789i", "oleastbgl")


class Likeness(StrEnum):
    """How near two names are; the words stand between the two in a sentence."""

    SAME = "looks the same as"
    HYPHEN = "differs by hyphens only from"
    NEAR = "is one character away from"
    SUFFIX = "has, under another suffix, the label of"


def skeleton(text: str) -> str:
    """What is left of a name when all that looks alike is the same."""
    shown = ".".join(map(_unicode, text.split(".")))
    bare = "".join(c for c in unicodedata.normalize("NFKD", shown) if not unicodedata.combining(c))
    plain = bare.lower().translate(_TO_ASCII)
    for pair, wide in _PAIRS:
        plain = plain.replace(pair, wide)
    return plain.translate(_SWAPS)


class Look(NamedTuple):
    """The site of a name as the eye sees it; a site-name has no suffix and goes with any."""

    label: str
    suffix: str
    seen_label: str
    seen_suffix: str


def look(name: str, wide: Wide) -> Look:
    """The look of the site that a name belongs to; of a site-name where `name` is one label."""
    label, suffix = site(name, wide) if "." in name else (name, "")
    return Look(label, suffix, skeleton(label), skeleton(suffix))


def likeness(listed: Look, other: Look) -> Likeness | None:
    """How near a listed name is to another; None: far, or the very same."""
    same_suffix = listed.suffix in ("", other.suffix)
    if (listed.label == other.label and same_suffix) or not listed.label or not other.label:
        return None
    left, right = listed.seen_label, other.seen_label
    if left == right:
        same = same_suffix or listed.seen_suffix == other.seen_suffix
        return Likeness.SAME if same else Likeness.SUFFIX
    if left.replace("-", "") == right.replace("-", ""):
        return Likeness.HYPHEN
    if min(len(left), len(right)) >= MIN_NEAR and one_apart(left, right):
        return Likeness.NEAR
    return None


def site(name: str, wide: Wide) -> tuple[str, str]:
    """The label left of the ICANN public suffix, and that suffix; a suffix itself has no label."""
    labels = name.split(".")
    for at in range(len(labels) - 1):
        suffix = ".".join(labels[at:])
        if suffix in wide:
            return labels[at - 1] if at else "", suffix
    return labels[-2] if len(labels) > 1 else "", labels[-1]


def one_apart(left: str, right: str) -> bool:
    """Whether one character more, less or other, or two neighbours swapped, makes them equal."""
    if len(left) > len(right):
        left, right = right, left
    if len(right) - len(left) > 1 or left == right:
        return False
    start = next((i for i, c in enumerate(left) if c != right[i]), len(left))
    if len(left) < len(right):
        return left[start:] == right[start + 1 :]
    if left[start + 1 :] == right[start + 1 :]:
        return True
    swapped = left[start : start + 2][::-1]
    return swapped == right[start : start + 2] and left[start + 2 :] == right[start + 2 :]


def _unicode(label: str) -> str:
    """The U-label of an A-label; anything else as it is."""
    if not label.startswith(_ACE):
        return label
    try:
        return label.removeprefix(_ACE).encode("ascii").decode("punycode")
    except UnicodeError:
        return label
