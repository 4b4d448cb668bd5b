"""`kanali city`: checks a city's folder, stores it as a new version of the profile, writes the profile back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from feedback.city import versions
from feedback.city.export import write_folder
from feedback.city.load import ProfileFaults, read_folder
from feedback.city.profile import City
from feedback.city.tables import CityVersion
from feedback.columns import table_of
from feedback.items import in_use
from feedback.ledger.notes import SYSTEM
from portal.commands.city_faults import sentence
from portal.environment import OperatorError
from portal.installation import opened
from portal.settings import read_settings
from portal.site import check_languages

_VERSION = table_of(CityVersion)
_FILES = {
    "identity": "city.toml",
    "policy": "policy",
    "mark": "mark.svg",
    **{
        name: f"{name}.toml"
        for name in ("routing", "deadlines", "calendar", "survey", "quality", "publication")
    },
}
"""Each part of a profile and the file that it stands in."""
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
@click.option("--yes", is_flag=True, help="Replace what was edited in the browser, remove what is in use.")
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
            orphans = list(_orphans(session, city))
        if city.identity.key != current.city.identity.key:
            raise OperatorError(
                f"{installed.database.shown} belongs to {current.city.identity.key}, the folder to "
                f"{city.identity.key}: another city needs an installation of its own (kanali init)."
            )
        if city.identity.code != current.city.identity.code:
            raise OperatorError(
                f"The code is {current.city.identity.code} in every number that was given; "
                f"write it back in place of {city.identity.code}."
            )
        changes = list(_differences(current.city, city))
        if not changes:
            click.echo(f"Version {current.number} is the same already; nothing was stored.")
            return
        for line in changes:
            click.echo(line)
        if orphans and not yes:
            raise OperatorError(
                f"This profile lacks what is in use: {'; '.join(orphans)}. "
                "Hand the cases over first and change the accounts, or add --yes: then clerks find the cases to assign."
            )
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
            fields = _changed(old, new) if isinstance(old, msgspec.Struct) else []
            yield f"{_FILES[name]}: {', '.join(fields) or 'something'} changed"
            continue
        old_keys, new_keys = {entry.key: entry for entry in old}, {entry.key: entry for entry in new}
        for key in old_keys.keys() - new_keys.keys():
            yield f"{name} {key}: removed"
        for key, entry in new_keys.items():
            if key not in old_keys:
                yield f"{name} {key}: added"
            elif entry != old_keys[key]:
                yield f"{name} {key}: {', '.join(_changed(old_keys[key], entry))} changed"
        if list(old_keys) != list(new_keys) and old_keys.keys() == new_keys.keys():
            yield f"{name}: in another order"


def _changed(old: msgspec.Struct, new: msgspec.Struct) -> list[str]:
    """The fields in which two parts of one kind differ."""
    names = (field.name for field in msgspec.structs.fields(new))
    return [name for name in names if getattr(old, name) != getattr(new, name)]


def _orphans(session: Session, city: City) -> Iterator[str]:
    """What would lose its place with this profile, in words."""
    for gone in in_use.orphaned_departments(session, city):
        yield f"department {gone.key} ({_count(gone.open_cases, 'open case')}, {_count(gone.accounts, 'account')})"
    for gone in in_use.orphaned_services(session, city):
        yield f"service {gone.key} ({_count(gone.open_cases, 'open case')})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
