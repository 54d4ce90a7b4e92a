"""`blockfilter privacy`: the promise in plain words, from the configuration and the state."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli import places

if TYPE_CHECKING:
    from collections.abc import Callable

    from blockfilter.config.settings import Settings
    from blockfilter.counts.reader import Reader
    from blockfilter.reports.promise import Facts

_ANSWERS = {
    "nxdomain": "a name that does not exist",
    "nodata": "a name without an address",
    "address": "the address of a page that says so",
}


@click.command(short_help="Say what is stored about people, and what is not.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("md", "html", "txt")),
    default="md",
    show_default=True,
    help="What to print it as.",
)
@places.state_option
@places.config_option
def privacy(form: str, state: Path | None, config_file: Path | None) -> None:
    """Say what is stored about people, how long, what that protects, and what it does not.

    For employees and works councils, in plain words, made from the configuration in force and what
    the ledger has: what lowers protection on this server stands in it, too.

    \b
    Examples:
      blockfilter privacy
      blockfilter privacy --format html > privacy.html
      blockfilter privacy --format txt --state /var/lib/blockfilter
    """
    from blockfilter.reports import promised

    settings = places.settings(config_file, state)
    forms: dict[str, Callable[[Facts], str]] = {
        "md": promised.markdown,
        "html": promised.html,
        "txt": promised.text,
    }
    click.echo(forms[form](_facts(settings)), nl=False)


def _facts(settings: "Settings") -> "Facts":
    from blockfilter.cli.blocked import blocked
    from blockfilter.cli.status_of import in_memory
    from blockfilter.reports.promise import Facts, Help

    place = places.state_of(settings)
    reader, line = _reader(place), settings.help
    budget = reader.budget() if reader else None
    return Facts(
        organisation=_organisation(place),
        blocked=blocked(settings),
        answer=_ANSWERS[settings.blocked.answer],
        watched=sum(one.mode == "monitor" for one in settings.list),
        counting=settings.counts.enabled,
        addresses=settings.counts.addresses_per_device,
        in_memory=in_memory(settings, place),
        spent=budget.per_device_day if budget else None,
        keys=budget.epochs if budget else 1,
        frames=tuple(reader.frames().values()) if reader else (),
        simulated=reader.simulated if reader else False,
        help=Help(line.name, line.phone, line.text, line.web),
    )


def _reader(place: Path) -> "Reader | None":
    """The ledger, where there is one yet; of a damaged one nothing is promised."""
    from blockfilter.counts.reader import Reader
    from blockfilter.reports.making import COUNTS, has

    return Reader(place) if has(place, COUNTS) else None


def _organisation(place: Path) -> str:
    from blockfilter.programme.store import NAME, Store
    from blockfilter.reports.efforts import NAMELESS
    from blockfilter.reports.making import has

    if not has(place, NAME):
        return NAMELESS
    with Store.readonly(place / NAME) as store:
        return store.organisation().name if store.founded() else NAMELESS
