"""Entries, catalogues and compiled policies for tests of lint and gate, all of them right as made."""

from datetime import date
from functools import cache
from typing import Any

from blockfilter.catalog import gate, lint, reference, store, suffixes
from blockfilter.catalog.manifest import Listed, Manifest
from blockfilter.catalog.site import Dossier, Evidence, ImportedList, State
from blockfilter.catalog.store import Catalog, Protected
from blockfilter.message import name as names
from blockfilter.policy.decide import Policy
from blockfilter.policy.rule import Action, Role, Rule, RuleList, Trigger
from blockfilter.policy.snapshot import Snapshot, build

TODAY = date(2026, 11, 23)
PLACE = "sites/ads.toml: ads"


@cache
def every_suffix():
    return suffixes.read(suffixes.suffix_file())


@cache
def known():
    return reference.reference(store.shipped())


def evidence(text="seen on a list of such sites", *attested, sha256=""):
    return Evidence(reference=text, date=date(2026, 11, 1), sha256=sha256, names=attested)


def dossier(**changes):
    right: dict[str, Any] = {
        "id": "ads",
        "site": "Ads of Escorts",
        "category": "escort-ads",
        "state": State.ACTIVE,
        "source": "two filter lists",
        "licence": "MIT",
        "criterion": "advertises escorts",
        "names": ("escortadverts.example",),
        "evidence": (evidence(),),
        "review": date(2027, 6, 1),
    }
    return Dossier(**(right | changes))


def imported(**changes):
    right: dict[str, Any] = {
        "id": "theirs",
        "title": "Their list",
        "category": "escort-ads",
        "state": State.ACTIVE,
        "source": "https://lists.example/hosts",
        "licence": "MIT",
    }
    return ImportedList(**(right | changes))


def catalog(*entries, protected=()):
    kept = tuple(Protected(name, "clinic", "test") for name in protected)
    dossiers = tuple(one for one in entries if isinstance(one, Dossier))
    lists = tuple(one for one in entries if isinstance(one, ImportedList))
    places = {one.id: f"sites/{one.id}.toml" for one in dossiers}
    places |= {one.id: f"imported/{one.id}.toml" for one in lists}
    return Catalog((), dossiers, lists, kept, (), places)


def subtree(text, action=Action.BLOCK, **more):
    return Rule(Trigger.SUBTREE, names.from_text(text), "escort-ads", action=action, **more)


def exact(text, **more):
    return Rule(Trigger.EXACT, names.from_text(text), "escort-ads", **more)


def site_name(label, **more):
    return Rule(Trigger.SITE_NAME, label.encode(), "escort-ads", **more)


def pattern(text, **more):
    return Rule(Trigger.PATTERN, text.encode(), "escort-ads", **more)


def policy(*lists, protected=None, kind=Policy):
    """The compiled policy of lists (id and rules), with the protected names of the package."""
    passing = known().protected if protected is None else protected
    every = [
        RuleList("protected", Role.PROTECTED, [subtree(name) for name in passing]),
        *(RuleList(id_, Role.BLOCK, rules) for id_, rules in lists),
    ]
    octets = build(
        every, every_suffix().rules, inputs=bytes(32), serial=1, release="1", suffix_date="today"
    )
    return kind(Snapshot(octets))


def listed(id_, rules, role=Role.BLOCK):
    return Listed(id_, role.value, "", "enforce", rules, "0" * 64)


def manifest(*lists, serial=2):
    return Manifest(serial, "2026-11-23T09:17:05Z", "ada", "", None, None, tuple(lists), {})


def linted(*entries, protected=(), own_zones=(), today=TODAY):
    return lint.findings(
        catalog(*entries, protected=protected),
        every_suffix().icann,
        today,
        reference=known(),
        own_zones=own_zones,
    )


def gated(*lists, entries=None, protected=(), own_zones=(), previous=None, release=None):
    """The gate's findings on a release of these lists (id and rules)."""
    candidate = policy(*lists, protected=(*known().protected, *protected))
    counted = release or manifest(*(listed(id_, len(rules)) for id_, rules in lists))
    return gate.findings(
        candidate,
        counted,
        previous,
        catalog(*(entries or [imported()]), protected=protected),
        reference=known(),
        today=TODAY,
        own_zones=own_zones,
        wide=every_suffix().icann,
    )


def theirs(*rules, **more):
    """The gate's findings on one list of other people's."""
    return gated(("theirs", rules), **more)


def ours(entry, **more):
    """The gate's findings on one dossier in force."""
    return gated(("curated", [*entry.rules()]), entries=[entry], **more)
