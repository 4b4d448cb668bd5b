"""`kanali demo`: fills a new installation with a year of demonstration data, labelled as such wherever it shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import click
from tqdm import tqdm  # type: ignore[import-untyped]  # it has no types of its own

from portal.demonstrating.people import write_accounts
from portal.demonstrating.year import make_year
from portal.installation import opened
from portal.settings import read_settings


@click.command()
@click.option(
    "--items",
    default=3000,
    show_default=True,
    type=click.IntRange(50, 50_000),
    help="How many items come in.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed tells another story.")
def command(items: int, seed: int) -> None:
    """Fill a new installation with a year of demonstration data that ends yesterday."""
    settings = read_settings()
    with opened(settings) as installed:
        made = make_year(installed, items=items, seed=seed, progress=_show)
    file, staff_url = settings.accounts_file, f"{settings.public_url}/staff/"
    write_accounts(file, made.sign_ins, staff_url)
    click.echo(
        f"{made.items} items from {made.first_day} to {made.last_day}, "
        f"{len(made.months)} months of the record closed."
    )
    where = "beside the database" if settings.is_sqlite else f"in {file.parent}"
    click.echo(f"Sign in at {staff_url}; the passwords are in the file {file.name} {where}:")
    for known in made.sign_ins:
        click.echo(f"  {known.role:<10} {known.email}")


def _show(days: list[date]) -> Iterable[date]:
    """The days with a progress bar, on a terminal only."""
    shown: Iterable[date] = tqdm(days, unit=" days", disable=None, leave=False)
    return shown
