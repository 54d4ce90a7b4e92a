"""`blockfilter programme notice`: a text for staff, suppliers or walls, filled in and written."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockfilter.cli.programme import shared
from blockfilter.programme.notice import FORMS, TEMPLATES

if TYPE_CHECKING:
    from blockfilter.config.settings import Settings
    from blockfilter.programme.notice import Notice

CONTACT = "human resources"


@click.command(short_help="Write a notice for staff, suppliers or walls.")
@click.option(
    "--template",
    required=True,
    type=click.Choice(list(TEMPLATES)),
    help="; ".join(f"{name}: {what}" for name, what in TEMPLATES.items()) + ".",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="md",
    show_default=True,
    help="Markdown, one HTML file that prints well, or plain text.",
)
@click.option(
    "--contact",
    default=CONTACT,
    show_default=True,
    callback=shared.read_by("name"),
    help="Whom to ask: a function, never a person.",
)
@shared.output_option
@shared.place_options
def notice(
    template: str,
    form: str,
    contact: str,
    output: Path | None,
    state: Path | None,
    config_file: Path | None,
) -> None:
    """Write a notice: what is done, that nothing but anonymous totals is kept, where to get help.

    It says what holds by the configuration: whether sites are refused, whether attempts are
    counted, and the help line of the table [help]. Read it, and make it yours before you send it.

    \b
    Examples:
      blockfilter programme notice --template all-staff-notice
      blockfilter programme notice --template poster --format html -o poster.html
      blockfilter programme notice --template supplier-letter --format txt --contact purchasing
    """
    from blockfilter.config.consistency import reminders
    from blockfilter.programme.notice import render

    settings = shared.settings(state, config_file)
    with shared.reading(state, config_file) as store:
        name = store.organisation().name
    shared.write(render(template, form, _notice(name, contact, settings)), output)
    for sentence in reminders(settings, datetime.now(UTC).date()):
        click.echo(f"blockfilter: warning: {sentence}", err=True)


def _notice(organisation: str, contact: str, settings: "Settings") -> "Notice":
    from blockfilter.programme.notice import HelpLine, Notice

    curated, help_line = settings.policy.curated, settings.help
    own = settings.catalog.local or any(one.mode == "enforce" for one in settings.list)
    return Notice(
        organisation=organisation,
        contact=contact,
        enforced=curated or bool(own),
        curated=curated,
        counted=settings.counts.enabled,
        help=HelpLine(
            help_line.name,
            help_line.phone,
            help_line.text,
            help_line.web,
            help_line.last_verified,
        ),
    )
