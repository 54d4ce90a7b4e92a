"""What the commands of a programme have in common: options, opening it, telling the result."""

import json
import os
import pwd
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from blockfilter.cli import places
from blockfilter.errors import StateError

if TYPE_CHECKING:
    from blockfilter.config.settings import Settings
    from blockfilter.programme.keeper import Keeper
    from blockfilter.programme.store import Store

F = TypeVar("F", bound=Callable[..., object])
_MODE = 0o644  # an export or a notice is for others


def place_options(function: F) -> F:
    """--state and --config, which every command has."""
    function = places.config_option(function)
    return click.option(
        "--state",
        type=click.Path(path_type=Path, file_okay=False, readable=False),
        metavar="DIR",
        help="State directory that holds programme.db.  [default: the one that serve would use]",
    )(function)


def json_option(function: F) -> F:
    """--json, which every command has that says something a program may read."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def actor_option(function: F) -> F:
    """--as, which every command has that changes something."""
    return click.option(
        "--as",
        "who",
        envvar="BLOCKFILTER_MAINTAINER",
        metavar="NAME",
        callback=read_by("person"),
        help="Who you are (env BLOCKFILTER_MAINTAINER).  [default: your login name]",
    )(function)


def date_option(what: str, *, required: bool = False) -> Callable[[F], F]:
    """--date; without it today, unless it is required."""
    default = "" if required else "  [default: today]"
    return click.option(
        "--date",
        "day",
        required=required,
        callback=read_by("day"),
        metavar="DATE",
        help=f"{what}, like 2026-03-02.{default}",
    )


def read_by(reader: str) -> Callable[..., Any]:
    """A callback that reads an option by a function of `programme.values`."""

    def callback(_context: click.Context, option: click.Parameter, given: object) -> object:
        from blockfilter.programme import values

        read = getattr(values, reader)
        if given is None:
            return None
        try:
            return tuple(map(read, given)) if isinstance(given, tuple) else read(given)
        except ValueError as error:
            raise click.BadParameter(str(error), param=option) from error

    return callback


@contextmanager
def used_rightly() -> Iterator[None]:
    """What does not fit together is wrong use."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def settings(state: Path | None, config_file: Path | None) -> "Settings":
    """The settings, with the option on top."""
    return places.settings(config_file, state)


def place(state: Path | None, config_file: Path | None) -> Path:
    """The state directory; nothing is made."""
    if state is not None:
        return state  # no configuration needs to be read
    return places.state_of(places.settings(config_file))


@contextmanager
def reading(state: Path | None, config_file: Path | None) -> "Iterator[Store]":
    """The programme, to look at."""
    from blockfilter.programme.store import NAME, Store

    with Store.readonly(place(state, config_file) / NAME) as store:
        yield store


class Kept(NamedTuple):
    """A programme that somebody is about to change."""

    keeper: "Keeper"
    store: "Store"
    today: date
    who: str
    begun: bool  # counting has


@contextmanager
def keeping(
    state: Path | None, config_file: Path | None, who: str | None, *, new: bool = False
) -> Iterator[Kept]:
    """The programme, to change; `new`: it is made if it is not there."""
    from blockfilter.config.directories import private
    from blockfilter.counts.database import COUNTS
    from blockfilter.programme.keeper import Keeper
    from blockfilter.programme.store import NAME, Store

    found = place(state, config_file)
    if new:
        private(found)
    with Store.create(found / NAME) if new else Store(found / NAME) as store, used_rightly():
        name, day = who or _login(), today(store)
        begun = (found / COUNTS).exists()
        yield Kept(
            Keeper(store, name, now=lambda: datetime.now(UTC), today=day, begun=begun),
            store,
            day,
            name,
            begun,
        )


def today(store: "Store") -> date:
    """The organisation's date; without a zone of its own, this machine's."""
    from zoneinfo import ZoneInfo

    name = store.organisation().time_zone if store.founded() else ""
    zone: tzinfo | None = ZoneInfo(name) if name else None
    return datetime.now(UTC).astimezone(zone).date()


def next_quarter(day: date) -> str:
    """When a change takes effect in the counts, in words."""
    from blockfilter.counts import calendar

    quarter = calendar.following(calendar.containing(calendar.Kind.QUARTER, day))
    return f"with the next quarter, {quarter.name}, on {quarter.first}"


def tell(facts: Mapping[str, object], lines: Sequence[str], *, as_json: bool) -> None:
    """Print the result, as text or as JSON."""
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else "\n".join(lines))


def write(text: str, output: Path | None) -> None:
    """Print a text, or put it into a file, whole and durably or not at all."""
    from blockfilter.catalog.folder import replacing

    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with replacing(output, _MODE) as file:
            file.write(text.encode())
    except OSError as error:
        raise StateError(
            f"{output}: cannot be written ({error.strerror}); check the folder and the space left"
        ) from error


def output_option(function: F) -> F:
    """-o, which every command has that writes a text for others."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Where to; it is replaced whole.  [default: standard output]",
    )(function)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 record", "2 records"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _login() -> str:
    from blockfilter.programme import values

    try:
        return values.person(pwd.getpwuid(os.getuid()).pw_name)
    except (KeyError, ValueError) as error:
        raise click.UsageError("your login name is no name here; say --as NAME") from error
