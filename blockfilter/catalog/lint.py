"""What is wrong or risky with the entries of a catalogue, each with its place and remedy.

Everything is judged that may come into force, proposals too, so that a second person sees what the
checks see. What is retired or rejected is left in peace. Of other people's lists only what we wrote
about them is judged here; their rules are the gate's.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from blockfilter.catalog import licence, lookalike
from blockfilter.catalog.finding import Finding, Severity
from blockfilter.catalog.harm import Harm, Judge, superdomains
from blockfilter.catalog.reference import Reference, reference
from blockfilter.catalog.rulebook import JUDGED, RULES, found
from blockfilter.catalog.site import Dossier, Entry, ImportedList, State
from blockfilter.catalog.store import Catalog
from blockfilter.catalog.suffixes import Wide
from blockfilter.policy.rule import Trigger

__all__ = ("RULES", "Reference", "findings", "reference")

MAX_REFERENCE = 500  # characters; a reference is a line, and advertisements are longer
_ORDER = {check.id: number for number, check in enumerate(RULES)}


def findings(
    catalog: Catalog,
    wide: Wide,
    today: date,
    *,
    reference: Reference,
    own_zones: Iterable[str] = (),
) -> list[Finding]:
    """All findings, in the order of the entries and of the table of rules."""
    protected = [one.name for one in catalog.protected]
    judge = Judge(wide, reference, [*protected, *own_zones])
    dossiers = [one for one in catalog.dossiers if one.state in JUDGED]
    others = _Others(dossiers, wide)
    every: list[Finding] = []
    for entry in catalog.entries():
        if entry.state in JUDGED:
            place = f"{catalog.places.get(entry.id, 'sites')}: {entry.id}"
            of_entry = [*_words(entry, place, today)]
            if isinstance(entry, Dossier):
                of_entry += _rules(entry, place, judge)
                of_entry += others.findings(entry, place)
            every += sorted(of_entry, key=lambda one: _ORDER[one.rule])
    patterns = [text for one in dossiers for text in one.patterns]
    every += [found(harm.check, "sites", harm.sentence) for harm in judge.patterns(patterns)]
    return every


def _words(entry: Entry, place: str, today: date) -> Iterator[Finding]:
    """What is said about the entry: where it is from, why it is there, and until when."""
    missing = Severity.WARNING if entry.state is State.DISPUTED else Severity.ERROR

    def wrong(rule: str, sentence: str, severity: Severity | None = None) -> Finding:
        return found(rule, place, sentence, entry=entry.id, severity=severity)

    if not entry.source.strip() and not (isinstance(entry, ImportedList) and entry.url):
        yield wrong("source-missing", "it does not say where its names come from", missing)
    if not entry.licence.strip():
        yield wrong("licence-missing", "it does not say under which terms they were given", missing)
    elif not licence.may_redistribute(entry.licence):
        yield wrong(
            "licence-forbids-redistribution",
            f'"{entry.licence}" forbids passing it on, so exports leave it out',
        )
    if entry.expired(today):
        yield wrong("expired", f"its time was over on {entry.expires}")
    if entry.review and entry.review < today:
        yield wrong("review-overdue", f"it was to be looked at again by {entry.review}")
    if isinstance(entry, Dossier):
        yield from _evidence(entry, wrong, missing)


def _evidence(
    dossier: Dossier, wrong: Callable[[str, str, Severity | None], Finding], missing: Severity
) -> Iterator[Finding]:
    if not dossier.criterion.strip():
        yield wrong("criterion-missing", "it does not say which criterion it meets", missing)
    attests_all = any(not one.names for one in dossier.evidence)
    attested = {name for one in dossier.evidence for name in one.names}
    for text in () if attests_all else dossier.triggers():
        if text not in attested:
            yield wrong("evidence-missing", f'"{text}" is not attested', missing)
    for one in dossier.evidence:
        if not one.reference.strip():
            yield wrong("evidence-missing", f"its evidence of {one.date} is empty", missing)
        elif len(one.reference) > MAX_REFERENCE or len(one.reference.splitlines()) > 1:
            sentence = f"its evidence of {one.date} is more than one line of {MAX_REFERENCE}"
            yield wrong("evidence-is-content", f"{sentence} characters", None)


def _rules(dossier: Dossier, place: str, judge: Judge) -> Iterator[Finding]:
    """What its rules would do."""
    for text, harms in _harms(dossier, judge):
        for harm in harms:
            yield found(
                harm.check,
                place,
                harm.sentence,
                entry=dossier.id,
                name=text,
                severity=harm.severity,
            )


def _harms(dossier: Dossier, judge: Judge) -> Iterator[tuple[str, Iterable[Harm]]]:
    for trigger, texts in ((Trigger.SUBTREE, dossier.names), (Trigger.EXACT, dossier.exact)):
        for text in texts:
            yield text, judge.name(trigger, text)
    for text in dossier.site_names:
        yield text, judge.site_name(text)
    for text in dossier.patterns:
        yield text, judge.pattern(text)
    for text in (*dossier.names, *dossier.exact, *dossier.site_names):
        yield text, judge.lookalike(text)


class _Others:
    """What the entries say of the same names: they are one list, and share its exceptions."""

    def __init__(self, dossiers: Iterable[Dossier], wide: Wide) -> None:
        self._wide = wide
        self._names: dict[str, list[Dossier]] = {}
        self._owners: dict[tuple[Trigger, str], list[Dossier]] = {}
        self._exceptions: dict[str, Dossier] = {}
        for one in dossiers:
            for text in one.names:
                self._names.setdefault(text, []).append(one)
            for text in one.exceptions:
                self._exceptions.setdefault(text, one)
            for trigger, text in _listed(one):
                self._owners.setdefault((trigger, text), []).append(one)

    def findings(self, dossier: Dossier, place: str) -> Iterator[Finding]:
        """Where an entry contradicts another or itself, and what it need not say."""
        for trigger, text in _listed(dossier):
            twin = self._twin(dossier, trigger, text)
            if twin and twin.category != dossier.category:
                sentence = f'"{text}" is listed by {twin.id} in {twin.category}, too'
                yield found("contradictory", place, sentence, entry=dossier.id, name=text)
            elif wider := f"{twin.id}, too" if twin else self._wider(dossier, trigger, text):
                sentence = f'"{text}" is listed by {wider}'
                yield found("redundant", place, sentence, entry=dossier.id, name=text)
            if sentence := self._cancelled(trigger, text):
                yield found("contradictory", place, sentence, entry=dossier.id, name=text)

    def _twin(self, dossier: Dossier, trigger: Trigger, text: str) -> Dossier | None:
        """The entry before this one that lists the same."""
        first = self._owners[trigger, text][0]
        return first if first.id != dossier.id else None

    def _wider(self, dossier: Dossier, trigger: Trigger, text: str) -> str:
        """Which wider rule of the same category says it already, in words; "" where none does.

        Its own site-name is none: names beside it say where the site has been seen.
        """
        if trigger not in (Trigger.SUBTREE, Trigger.EXACT):
            return ""
        for above in superdomains(text):
            if above in self._exceptions:
                return ""
            for one in self._names.get(above, ()):
                if (above != text or trigger is Trigger.EXACT) and _covers(one, dossier):
                    return f'{one.id} as "{above}" with all below'
        label, _ = lookalike.site(text, self._wide)
        for one in self._owners.get((Trigger.SITE_NAME, label), ()):
            if one.id != dossier.id and _covers(one, dossier):
                return f'{one.id} as site-name "{label}"'
        return ""

    def _cancelled(self, trigger: Trigger, text: str) -> str:
        """How an exception and a name that is listed get in each other's way, in words."""
        if trigger not in (Trigger.SUBTREE, Trigger.EXACT):
            return ""
        for above in superdomains(text):
            one = self._exceptions.get(above)
            if one is None:
                continue
            if above == text and trigger is Trigger.SUBTREE:
                return f'"{text}" is listed, and an exception of {one.id} cancels it whole'
            if not any(wider in self._names for wider in [*superdomains(above)][1:]):
                return (
                    f'"{text}" is listed, so the exception "{above}" of {one.id} does not open it'
                )
        return ""


def _listed(dossier: Dossier) -> Iterator[tuple[Trigger, str]]:
    for trigger, texts in (
        (Trigger.SUBTREE, dossier.names),
        (Trigger.EXACT, dossier.exact),
        (Trigger.SITE_NAME, dossier.site_names),
        (Trigger.PATTERN, dossier.patterns),
    ):
        for text in texts:
            yield trigger, text


def _covers(wider: Dossier, narrower: Dossier) -> bool:
    """Whether what one entry blocks need not be said by the other."""
    enforced = wider.state is not State.DISPUTED or narrower.state is State.DISPUTED
    return wider.category == narrower.category and enforced
