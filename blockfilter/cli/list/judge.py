"""`blockfilter list lint|verify|simulate`: what is wrong, what was tampered with, what would change."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.list import shared
from blockfilter.errors import FormatError

if TYPE_CHECKING:
    from blockfilter.policy.decide import Explanation

SHOWN = 50  # names a person reads; JSON has them all


@click.command(short_help="Say what is wrong or risky.")
@shared.catalog_option
def lint(catalog: Path | None, as_json: bool) -> None:
    """Say what is wrong or risky with the entries, each with its place and remedy.

    An error keeps a release from being made; a warning is for people to weigh. Exit code 1 if
    anything was found, warnings included.

    \b
    Examples:
      blockfilter list lint
      blockfilter list lint --catalog own --json
    """
    from blockfilter.catalog import keeper, reference
    from blockfilter.catalog import lint as rules

    opened = shared.opened(catalog)
    found = rules.findings(
        opened.read(),
        opened.wide,
        keeper.today(shared.now()),
        reference=reference.reference(opened.path),
    )
    facts, lines = shared.findings(found)
    count = Counter(str(one.severity) for one in found)
    said = f"{count['error']} errors, {count['warning']} warnings" if found else "nothing found"
    shared.tell(opened, {"findings": facts}, [*lines, said], as_json=as_json)
    sys.exit(shared.FOUND if found else 0)


@click.command(short_help="Check journal, signatures and the two-person rule.")
@shared.catalog_option
def verify(catalog: Path | None, as_json: bool) -> None:
    """Check a whole catalogue offline: the journal's chain, signatures, states, second persons.

    It also holds every entry and every release against the journal. The first line that fails is
    named. Exit code 1 if anything was found.

    \b
    Examples:
      blockfilter list verify
      blockfilter list verify --catalog own --json
    """
    from blockfilter.catalog import changelog
    from blockfilter.catalog import verify as verifier

    opened = shared.opened(catalog)
    found = verifier.verify(opened.path, opened.wide)
    facts, lines = shared.findings(found)
    if not found:
        journal = changelog.read(opened.path)
        lines = [
            f"verified: {len(journal)} journal lines, chain, states and second persons are right"
        ]
    shared.tell(opened, {"findings": facts}, lines, as_json=as_json)
    sys.exit(shared.FOUND if found else 0)


@click.command(short_help="What the next release would change for names seen.")
@click.option(
    "--against",
    required=True,
    type=click.File("rb"),
    metavar="FILE",
    help="Names seen in the past, one a line; - is standard input.",
)
@shared.catalog_option
def simulate(against: Iterator[bytes], catalog: Path | None, as_json: bool) -> None:
    """Say for which names of a file the next release would decide otherwise than the one in force.

    The next release is what it would be if everything proposed were approved.

    \b
    Examples:
      blockfilter list simulate --catalog own --against seen.txt
      zcat seen.gz | blockfilter list simulate --against - --json
    """
    from blockfilter.cli import policies
    from blockfilter.message import name as names

    opened = shared.opened(catalog)
    before = policies.of_catalog(opened.path, opened.wide, draft=False)
    after = policies.of_catalog(opened.path, opened.wide, draft=True)
    changed: list[dict[str, str]] = []
    seen = wrong = 0
    for line in against:
        text = line.decode("utf-8", "replace").split("#")[0].strip()
        if not text:
            continue
        try:
            name = names.from_text(text.split()[0])
        except FormatError:
            wrong += 1
            continue
        seen += 1
        was, becomes = before.explain(name), after.explain(name)
        if _verdict(was) != _verdict(becomes):
            told = {"name": names.to_text(name), "was": _verdict(was), "becomes": _verdict(becomes)}
            changed.append(told | {"why": becomes.why, "entry": becomes.site or becomes.list or ""})
    facts = {"seen": seen, "not_names": wrong, "changed": changed}
    lines = [f"{one['name']}: {one['was']} -> {one['becomes']} ({one['entry']})" for one in changed]
    if len(lines) > SHOWN:
        lines = [*lines[:SHOWN], f"… {len(lines) - SHOWN} more; --json has all of them"]
    kinds = Counter(one["becomes"] for one in changed)
    said = (
        ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing changes"
    )
    ignored = f"; {wrong} lines were no names" if wrong else ""
    shared.tell(opened, facts, [*lines, f"of {seen} names: {said}{ignored}"], as_json=as_json)


def _verdict(explanation: "Explanation") -> str:
    if explanation.blocked:
        return "blocked"
    return "monitored" if explanation.mode else "open"
