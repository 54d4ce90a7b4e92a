"""`blockfilter programme office`: offices, told by the addresses of their clients."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.programme import shared

if TYPE_CHECKING:
    from blockfilter.programme.organisation import Office


@click.group(short_help="Offices: add, list, confirm, retire.")
def office() -> None:
    """Offices: add, list, confirm, retire.

    An office is told by the prefixes of its clients' addresses, and no address is in two. Counts
    may be shown by office, so once counting has begun a new one waits for a second person. Until
    then, and once it is retired, its clients count under "other offices". A change takes effect
    with the next quarter.

    \b
    Examples:
      blockfilter programme office add berlin --name Berlin --prefix 10.1.0.0/16 --headcount 300
      blockfilter programme office confirm berlin --as ben
      blockfilter programme office list
    """


@office.command(short_help="Add an office.")
@click.argument("id_", metavar="ID", callback=shared.read_by("office_id"))
@click.option(
    "--name", callback=shared.read_by("name"), help="What it is called.  [default: its id]"
)
@click.option(
    "--prefix",
    "prefixes",
    multiple=True,
    callback=shared.read_by("prefix"),
    metavar="NETWORK",
    help="A network of its clients, like 10.1.0.0/16; may be repeated.",
)
@click.option(
    "--headcount", callback=shared.read_by("people"), metavar="N", help="How many people it has."
)
@click.option(
    "--opened",
    callback=shared.read_by("day"),
    metavar="DATE",
    help="Since when it is there, and its headcount holds.  [default: today]",
)
@click.option(
    "--time-zone",
    default="",
    callback=shared.read_by("time_zone"),
    metavar="ZONE",
    help="Its time zone, for the record.  [default: the organisation's]",
)
@shared.actor_option
@shared.place_options
@shared.json_option
def add(
    id_: str,
    name: str | None,
    prefixes: tuple[object, ...],
    headcount: int | None,
    opened: date | None,
    time_zone: str,
    who: str | None,
    state: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Add an office. ID stands in tables and reports for years: up to 32 of a-z, 0-9 and "-".

    \b
    Examples:
      blockfilter programme office add berlin --name Berlin --prefix 10.1.0.0/16 --headcount 300
      blockfilter programme office add hq --prefix 192.0.2.0/24 --prefix 2001:db8:1::/48 --json
    """
    from blockfilter.programme.keeper import NewOffice

    with shared.keeping(state, config_file, who) as kept:
        added = kept.keeper.add_office(
            NewOffice(
                id=id_,
                name=name or id_,
                prefixes=tuple(map(str, prefixes)),
                time_zone=time_zone,
                heads=headcount,
                opened=opened or kept.today,
            )
        )
        lines = [f"added by {kept.who}: {_line(added, kept.today)}"]
        lines.append(_effect(added, kept))
    _tell(added, lines, kept.today, as_json=as_json)


@office.command("list", short_help="List the offices.")
@shared.place_options
@shared.json_option
def list_(state: Path | None, config_file: Path | None, as_json: bool) -> None:
    """List the offices, those that wait and those that are retired too.

    \b
    Examples:
      blockfilter programme office list
      blockfilter programme office list --json
    """
    from blockfilter.programme import plain

    with shared.reading(state, config_file) as store:
        found, day = store.organisation().offices, shared.today(store)
    facts = {"offices": [plain.office(one, day) for one in found]}
    shared.tell(facts, [_line(one, day) for one in found] or ["no offices"], as_json=as_json)


@office.command(short_help="Confirm what another person added.")
@click.argument("id_", metavar="ID")
@shared.actor_option
@shared.place_options
@shared.json_option
def confirm(
    id_: str, who: str | None, state: Path | None, config_file: Path | None, as_json: bool
) -> None:
    """Confirm, as the second person, an office that another one added, or its raised headcount.

    Look whether prefixes and headcount are right: a prefix of a few devices with a large headcount
    would show what few people do. Exit code 3 if it was you who added it; names are believed.

    \b
    Examples:
      blockfilter programme office confirm berlin --as ben
      blockfilter programme office confirm berlin --as ben --json
    """
    with shared.keeping(state, config_file, who) as kept:
        confirmed = kept.keeper.confirm_office(id_)
        lines = [f"confirmed by {kept.who}: {_line(confirmed, kept.today)}"]
        lines.append(_effect(confirmed, kept))
    _tell(confirmed, lines, kept.today, as_json=as_json)


@office.command(short_help="End an office.")
@click.argument("id_", metavar="ID")
@shared.date_option("The first day on which it is no more")
@shared.actor_option
@shared.place_options
@shared.json_option
def retire(
    id_: str,
    day: date | None,
    who: str | None,
    state: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """End an office. Its past stays in reports, its id is not given again, its prefixes are free.

    \b
    Examples:
      blockfilter programme office retire berlin
      blockfilter programme office retire berlin --date 2026-06-30 --as ada
    """
    with shared.keeping(state, config_file, who) as kept:
        retired = kept.keeper.retire_office(id_, day or kept.today)
        lines = [f"retired by {kept.who}: {_line(retired, kept.today)}"]
        lines.append(_effect(retired, kept))
    _tell(retired, lines, kept.today, as_json=as_json)


def _line(one: "Office", day: date) -> str:
    heads = one.heads_at(day)
    parts = [f"{one.id}  {one.name}", "headcount not known" if heads is None else f"{heads} people"]
    parts += [", ".join(one.prefixes) or "no prefix", f"since {one.opened}"]
    parts += [f"retired {one.retired}"] if one.retired else []
    parts += ["waits for a second person"] if not one.confirmed_by and not one.retired else []
    if one.confirmed_by and any(not each.confirmed_by for each in one.headcounts):
        parts.append("a headcount waits for a second person")
    return "  ".join(parts)


def _effect(one: "Office", kept: shared.Kept) -> str:
    """What becomes of its clients in the counts, and when."""
    if one.retired:
        return f'its clients count under "other offices" {shared.next_quarter(kept.today)}'
    if not one.confirmed_by:
        return (
            'until a second person confirms it, its clients count under "other offices": '
            f"blockfilter programme office confirm {one.id} --as NAME"
        )
    if not one.prefixes:
        return "it has no prefix, so the counts do not tell it apart"
    when = shared.next_quarter(kept.today) if kept.begun else "when counting begins"
    return f"the counts tell it apart {when}"


def _tell(one: "Office", lines: list[str], day: date, *, as_json: bool) -> None:
    from blockfilter.programme import plain

    shared.tell({"office": plain.office(one, day)}, lines, as_json=as_json)
