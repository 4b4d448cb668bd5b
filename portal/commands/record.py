"""`kanali record`: the quality record from the terminal. A job closes a month that nobody closed."""

from __future__ import annotations

import click

from feedback.ledger.notes import SYSTEM
from feedback.quality import restate as corrections
from portal.closing import close_month
from portal.installation import opened
from portal.settings import read_settings


@click.group()
def command() -> None:
    """Close a month of the quality record, or say what counts otherwise now."""


@command.command()
@click.argument("period", metavar="YYYY-MM")
def close(period: str) -> None:
    """Freeze the figures of a month and of the twelve months that end with it. Twice changes nothing."""
    with opened(read_settings()) as installed:
        if close_month(installed.database, period=period, now=installed.clock.now()):
            click.echo(f"{period} is closed.")
        else:
            click.echo(f"{period} was closed before; nothing has changed.")


@command.command()
@click.argument("period", metavar="YYYY-MM")
@click.option("--reason", required=True, help="Why it counts otherwise now; shown on the public page.")
def restate(period: str, reason: str) -> None:
    """Say beside a closed month how many cases count otherwise now, and why. Its figures stay."""
    with opened(read_settings()) as installed, installed.database.write() as session:
        changed = corrections.restate(
            session, period=period, reason=reason, by=SYSTEM, now=installed.clock.now()
        )
    click.echo(f"{period}: {changed} cases count otherwise now; it is said beside the figures.")
