"""What one rule would do to names that are to stay open, whoever wrote it and wherever it stands.

Dossiers and the lists of other people are judged by the same sentences. A rule is looked at as it
is written: that something else would outrank it is no excuse.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from blockfilter.catalog import lookalike
from blockfilter.catalog.entries import MIN_SITE_NAME
from blockfilter.catalog.finding import Severity
from blockfilter.catalog.lookalike import Likeness, Look
from blockfilter.catalog.reference import Reference
from blockfilter.catalog.suffixes import Wide
from blockfilter.errors import PolicyError
from blockfilter.policy.rule import Trigger
from blockfilter.policy.snapshot import compile_patterns

MAX_PATTERNS = 100  # of a list: that many hostile ones cost RE2 6 µs a name, 300 cost 18
NAMED = 3  # names in a sentence; of the rest only the number
_HOSTS = ("", "www.")  # under which a site is asked for
_SUFFIXES = ("com", "org")  # under which most words are somebody's site


class Harm(NamedTuple):
    """What is wrong with a rule: the check it fails, and how, in words."""

    check: str
    sentence: str
    severity: Severity = Severity.ERROR


def stranger(text: str) -> Harm:
    """That a rule stands at a public suffix."""
    return Harm("public-suffix", f"{text} is a public suffix: sites of strangers are below it")


def touching(rule: str, touched: Sequence[str]) -> Harm:
    """That a rule, in words, touches protected names."""
    return Harm("protected-touched", f"{rule}: touches {some(touched)}, protected")


def blocking(rule: str, popular: Sequence[str], check: str = "popular-name") -> Harm:
    """That a rule, in words, blocks or watches popular names."""
    return Harm(check, f"{rule}: blocks {some(popular)}, well known")


class Judge:
    """Knows the names that are to stay open; `protected` are all such names and zones."""

    def __init__(self, wide: Wide, known: Reference, protected: Iterable[str]) -> None:
        self._wide = wide
        self._known = known
        self.protected = tuple(sorted({*protected, *known.protected}))
        self.popular = tuple(sorted(known.popular))
        self._protected_at = _by_superdomain(self.protected)
        self._popular_at = _by_superdomain(self.popular, _HOSTS)
        self._popular_labels = self._by_label(self.popular)
        self._protected_labels = self._by_label(self.protected)

    def name(self, trigger: Trigger, text: str) -> Iterator[Harm]:
        """An exact or a subtree rule, by its name."""
        if self.is_wide(text):
            yield stranger(text)
            return
        everything = trigger is Trigger.SUBTREE
        rule = f"{text} and all below" if everything else text
        if touched := self._touched(text, below=everything):
            yield touching(rule, touched)
        popular = self._popular_at.get(text, [])
        if not everything:
            popular = [name for name in popular if text in [host + name for host in _HOSTS]]
        if popular:
            yield blocking(rule, popular)
        elif above := next((n for n in superdomains(text) if n in self._known.popular), None):
            sentence = f"{rule}: is below {above}, well known, which may need it"
            yield Harm("popular-name", sentence, Severity.WARNING)

    def site_name(self, label: str) -> Iterator[Harm]:
        """A site-name."""
        if len(label) < MIN_SITE_NAME:
            sentence = f'site-name "{label}" has fewer than {MIN_SITE_NAME} characters'
            yield Harm("site-name-short", sentence)
        if label in self._known.words:
            yield Harm("site-name-word", f'site-name "{label}" is a word of the dictionary')
        if popular := self._popular_labels.get(label):
            yield blocking(f"{label} under any public suffix", popular, "site-name-popular")
        if touched := self._protected_labels.get(label):
            yield touching(f"{label} under any public suffix", touched)

    def pattern(self, text: str, among: Collection[str] | None = None) -> Iterator[Harm]:
        """A pattern; `among` are the only names it can be found in, if that is known."""
        try:
            pattern = compile_patterns([text])
        except PolicyError as error:
            yield Harm("pattern-slow", f"/{text}/ cannot be used: {error}")
            return
        asked = self._asked if among is None else among
        found = list(dict.fromkeys(self._asked[host] for host in asked if pattern.Match(host)))
        if touched := [name for name in found if name in self._protected_names]:
            yield touching(f"/{text}/", touched)
        popular = [name for name in found if name in self._known.popular]
        if popular:
            yield blocking(f"/{text}/", popular)
        ordinary = [name for name in found if name not in {*touched, *popular}]
        if ordinary or len(popular) > 1:
            sentence = f"/{text}/ is found in ordinary names: {some(ordinary or popular)}"
            yield Harm("pattern-wide", sentence)

    def patterns(self, texts: Sequence[str]) -> Iterator[Harm]:
        """All patterns of one list together."""
        if len(texts) > MAX_PATTERNS:
            sentence = f"{len(texts)} patterns in one list, where {MAX_PATTERNS} may be"
            yield Harm("pattern-slow", sentence)
            return
        try:
            compile_patterns(texts)
        except PolicyError as error:
            yield Harm("pattern-slow", f"the patterns of one list cannot be used together: {error}")

    def found_in(self, texts: Sequence[str]) -> list[str]:
        """The names in which any of the patterns is found; PolicyError."""
        together = compile_patterns(texts)
        return [host for host in self._asked if together.Match(host)]

    def lookalike(self, text: str) -> Iterator[Harm]:
        """How near a name or site-name is to protected names, where it does not touch them."""
        if self._touched(text, below=True):
            return
        listed = lookalike.look(text, self._wide)
        for name, look in self._looks:
            if like := lookalike.likeness(listed, look):
                severity = Severity.ERROR if like is Likeness.SAME else Severity.WARNING
                yield Harm("lookalike", f'"{text}" {like} {name}, protected', severity)

    def is_wide(self, text: str) -> bool:
        """Whether strangers have their sites right below the name."""
        return text == "." or "." not in text or text in self._wide

    def _touched(self, text: str, *, below: bool) -> list[str]:
        """The protected names at or above a name, and with `below` those below it."""
        above = [name for name in superdomains(text) if name in self._protected_names]
        if below:
            return above or self._protected_at.get(text, [])
        return above

    def _by_label(self, every: Iterable[str]) -> dict[str, list[str]]:
        """Names by what a site-name would have to be to block them."""
        found: dict[str, list[str]] = {}
        for name in every:
            label, _ = lookalike.site(name, self._wide)
            found.setdefault(label or name.partition(".")[0], []).append(name)
        return found

    @cached_property
    def _looks(self) -> list[tuple[str, Look]]:
        return [(name, lookalike.look(name, self._wide)) for name in self.protected]

    @cached_property
    def _protected_names(self) -> Collection[str]:
        return frozenset(self.protected)

    @cached_property
    def _asked(self) -> dict[str, str]:
        """Names as they are asked for, and whose they are; ordinary ones that anybody may have."""
        ordinary = (
            f"{word}.{suffix}" for word in sorted(self._known.words) for suffix in _SUFFIXES
        )
        every = dict.fromkeys((*self.protected, *self.popular, *ordinary))
        return {host + name: name for name in every for host in _HOSTS}


def superdomains(text: str) -> Iterator[str]:
    """The name and all above it, as texts."""
    yield text
    while "." in text:
        text = text.partition(".")[2]
        yield text


def _by_superdomain(every: Iterable[str], hosts: Sequence[str] = ("",)) -> dict[str, list[str]]:
    """The names that are, under one of the hosts, at or below each name."""
    found: dict[str, list[str]] = {}
    for name in every:
        for above in {above for host in hosts for above in superdomains(host + name)}:
            found.setdefault(above, []).append(name)
    return found


def some(every: Sequence[str]) -> str:
    """The first names of many."""
    rest = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
