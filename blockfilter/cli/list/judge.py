"""`blockfilter list lint|verify`: what is wrong, and what was tampered with."""

import sys
from collections import Counter
from pathlib import Path

import click

from blockfilter.cli.list import shared


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
    errors, warnings = count["error"], count["warning"]
    told = f"{shared.counted(errors, 'error')}, {shared.counted(warnings, 'warning')}"
    shared.tell(
        opened,
        {"findings": facts, "errors": errors, "warnings": warnings},
        [*lines, told if found else "nothing found"],
        as_json=as_json,
    )
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
        count = shared.counted(len(changelog.read(opened.path)), "journal line")
        lines = [f"verified: {count}; chain, signatures, states and second persons are right"]
        if not opened.signed:
            lines = [f"verified: {count}; chain, states and second persons are right"]
    shared.tell(opened, {"findings": facts}, lines, as_json=as_json)
    sys.exit(shared.FOUND if found else 0)
