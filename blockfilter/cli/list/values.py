"""What people type as values of options: callbacks that check it, and say what is wrong with it."""

import unicodedata
from datetime import UTC, date, datetime, timedelta

import click

from blockfilter.errors import FormatError

_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_NO_TEXT = ("Cc", "Cs")  # control characters; octets that are not UTF-8 arrive as surrogates
_DIGITS = 7  # of a span with its unit; more would be centuries


def line(_context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """A text of one line, perhaps an empty one, as an option's callback."""
    if text is None:
        return None
    if any(unicodedata.category(one) in _NO_TEXT for one in text):
        raise click.BadParameter(
            "holds a line end, a control character or octets that are not UTF-8; take them out",
            param=option,
        )
    return text.strip()


def words(
    context: click.Context, option: click.Parameter, given: str | tuple[str, ...] | None
) -> str | tuple[str, ...] | None:
    """One line that says something, or several such, as an option's callback."""
    if isinstance(given, tuple):
        return tuple(str(words(context, option, one)) for one in given)
    text = line(context, option, given)
    if text == "":
        raise click.BadParameter("says nothing; write it out", param=option)
    return text


def _span(text: str) -> timedelta | None:
    """A span like 2h or 90d, None where the text is none."""
    unit = _UNITS.get(text[-1:])
    if unit is None or not text[:-1].isdecimal() or len(text) > _DIGITS:
        return None
    return int(text[:-1]) * unit


def day(_context: click.Context, option: click.Parameter, text: str | None) -> date | None:
    """A date, or days or weeks from today, as an option's callback."""
    if text is None:
        return None
    try:
        if text[-1:] in ("d", "w") and (span := _span(text)) is not None:
            return datetime.now(UTC).date() + span
        return date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f'"{text}" is no date like 2027-01-31, and no days or weeks from today like 90d, 26w',
            param=option,
        ) from error


def day_to_come(context: click.Context, option: click.Parameter, text: str | None) -> date | None:
    """A date after today, as an option's callback."""
    found = day(context, option, text)
    if found is not None and found <= datetime.now(UTC).date():
        raise click.BadParameter(f"{found} is not after today; name a day to come", param=option)
    return found


def moment(_context: click.Context, option: click.Parameter, text: str) -> datetime:
    """A time to come: a date, a time in UTC or a span from now such as 2h; an option's callback."""
    try:
        if (span := _span(text)) is not None:
            return datetime.now(UTC) + span
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise click.BadParameter(f'"{text}" is out of all time', param=option) from error
    except ValueError as error:
        raise click.BadParameter(
            f'"{text}" is neither 2027-01-31, 2027-01-31T18:00Z nor a span like 30m, 2h, 5d, 1w',
            param=option,
        ) from error


def canonical(text: str) -> str:
    """A name as catalogues write it; what is no name stays as it is, for others to refuse."""
    from blockfilter.message import name as names

    try:
        return names.to_text(names.from_text(text))
    except FormatError:
        return text
