"""`kanali city`: checks a city's folder, stores it as a new version of the profile, writes the profile back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import sqlalchemy as sa

from feedback.city import versions
from feedback.city.export import write_folder
from feedback.city.load import ProfileFaults, read_folder
from feedback.city.profile import City
from feedback.city.tables import CityVersion
from feedback.columns import table_of
from feedback.ledger.notes import SYSTEM
from portal.commands.city_faults import sentence
from portal.installation import opened
from portal.settings import OperatorError, read_settings
from portal.site import check_languages

_VERSION = table_of(CityVersion)
_folder = click.argument("folder", type=click.Path(path_type=Path))


@click.group()
def command() -> None:
    """Check, load or export a city's profile."""


@command.command()
@_folder
def check(folder: Path) -> None:
    """Name every fault of a profile at once."""
    try:
        city = read_folder(folder)
    except ProfileFaults as error:
        for fault in error.faults:
            click.echo(sentence(fault))
        count = len(error.faults)
        raise OperatorError(
            f"{folder} cannot be used: {count} {'fault' if count == 1 else 'faults'}."
        ) from error
    check_languages(city)
    click.echo(
        f"{folder} is a complete profile: {len(city.department)} departments, {len(city.service)} services, "
        f"{len(city.quality.commitment)} commitments, in {', '.join(city.identity.languages)}."
    )


@command.command()
@_folder
@click.option("--yes", is_flag=True, help="Replace what was edited in the browser since.")
def load(folder: Path, yes: bool) -> None:
    """Store a profile as the new version in force."""
    city = read_folder(folder)
    check_languages(city)
    with opened(read_settings()) as installed:
        with installed.database.read() as session:
            current = versions.current(session)
            source = session.execute(
                sa.select(_VERSION.c.source).where(_VERSION.c.id == current.version_id)
            ).scalar_one()
        if city.identity.key != current.city.identity.key:
            raise OperatorError(
                f"{installed.database.shown} belongs to {current.city.identity.key}, the folder to "
                f"{city.identity.key}: another city needs an installation of its own (kanali init)."
            )
        changes = list(_differences(current.city, city))
        if not changes:
            click.echo(f"Version {current.number} is the same already; nothing was stored.")
            return
        for line in changes:
            click.echo(line)
        if source == "edit" and not yes:
            raise OperatorError(
                f"Version {current.number} was edited in the browser and is not in this folder: "
                "run kanali city export first, or add --yes to replace it."
            )
        with installed.database.write() as session:
            ruling = versions.store(session, city=city, source="load", by=SYSTEM, now=installed.clock.now())
    click.echo(f"Version {ruling.number} is in force.")


@command.command()
@_folder
def export(folder: Path) -> None:
    """Write the profile in force into a folder: a new one, an empty one, or this city's own."""
    with opened(read_settings()) as installed, installed.database.read() as session:
        ruling = versions.current(session)
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / "city.toml").exists())
    ):
        raise OperatorError(f"{folder} holds something other than a city's profile: name another folder.")
    try:
        write_folder(ruling.city, folder)
    except OSError as error:
        raise OperatorError(f"{folder} cannot be written ({error.strerror}): name another folder.") from error
    click.echo(f"Version {ruling.number} is written to {folder}.")


def _differences(before: City, after: City) -> Iterator[str]:
    """What differs, part by part; entries of a list are told by their key."""
    for name in City.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if name not in ("department", "service"):
            yield f"{name}: changed"
            continue
        old_keys, new_keys = {entry.key: entry for entry in old}, {entry.key: entry for entry in new}
        for key in old_keys.keys() - new_keys.keys():
            yield f"{name} {key}: removed"
        for key, entry in new_keys.items():
            if key not in old_keys:
                yield f"{name} {key}: added"
            elif entry != old_keys[key]:
                changed = [
                    field.name
                    for field in msgspec.structs.fields(entry)
                    if getattr(entry, field.name) != getattr(old_keys[key], field.name)
                ]
                yield f"{name} {key}: {', '.join(changed)} changed"
        if list(old_keys) != list(new_keys) and old_keys.keys() == new_keys.keys():
            yield f"{name}: in another order"
