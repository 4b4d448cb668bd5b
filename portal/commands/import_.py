"""`kanali import`: takes in the requests of another system, idempotent by its name and their numbers.

What can be taken in is; every fault of the rest is said with its place, and the exit code is 1. Nobody is mailed.
How a request is read is `open311_file.py`'s business, what becomes of it `feedback/items/take_over.py`'s.
"""

from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from msgspec import Struct
from tqdm import tqdm  # type: ignore[import-untyped]  # it has no types of its own

from feedback.city import versions
from feedback.city.versions import Ruling
from feedback.errors import Invalid
from feedback.items import take_over
from feedback.items.take_over import Foreign
from feedback.quality import measures, record
from portal.commands.open311_file import Entry, entries_of, read_map, read_requests, sentences, shown
from portal.database import Database
from portal.environment import OperatorError
from portal.installation import opened
from portal.settings import read_settings

BATCH = 40
"""Requests in one write: about 50 ms, so that nobody who presses send meanwhile waits longer (SQLite)."""

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


class Summary(Struct, frozen=True, kw_only=True):
    """What became of a file."""

    name: str
    """Of the other city, as the map says it."""
    counted: bool
    open: int
    """Taken in, to be worked on."""
    closed: int
    """Taken in, closed as they were."""
    known: int
    """There already: nothing changed."""
    triage: int
    """Taken in without a department, because the map leaves their service to a clerk."""
    unmapped: dict[str, int]
    """Taken in without a department, because the map does not know their service: its code → how many."""
    late: dict[str, int]
    """Taken in to be counted, though the record of their month is closed: month → how many."""
    faults: list[str]
    """One line for each fault."""
    refused: int

    @property
    def taken(self) -> int:
        return self.open + self.closed


@click.group()
def command() -> None:
    """Take in the requests of another system."""


@command.command()
@click.argument("file", type=_file)
@click.option("--map", "map_file", required=True, type=_file, help="From the services of its system to ours.")
@click.option(
    "--counted", is_flag=True, help="Let the figures count them. This cannot be changed afterwards."
)
def open311(file: Path, map_file: Path, counted: bool) -> None:
    """Take in a file of GeoReport v2 requests (JSON), each once however often it is called."""
    with opened(read_settings()) as installed:
        summary = take_in(
            installed.database, file=file, map_file=map_file, counted=counted, now=installed.clock.now()
        )
    for line in summary.faults:
        click.echo(line, err=True)
    for line in _lines(summary):
        click.echo(line)
    if summary.refused:
        raise click.ClickException(
            f"{_requests(summary.refused)} of {file} refused; correct the file and run it again."
        )


def take_in(database: Database, *, file: Path, map_file: Path, counted: bool, now: datetime) -> Summary:
    """Take in what can be taken. Refuses (`OperatorError`) a map or a file that cannot be used at all."""
    with database.read() as session:
        ruling = versions.current(session)
    try:
        service_map = read_map(map_file, ruling.city)
    except Invalid as refusal:
        for line in sentences(map_file.name, refusal.faults):
            click.echo(line, err=True)
        count = len(refusal.faults)
        raise OperatorError(
            f"{map_file} cannot be used: {count} {'fault' if count == 1 else 'faults'}."
        ) from refusal
    requests = read_requests(file)
    entries = entries_of(requests, city=ruling.city, service_map=service_map, counted=counted, now=now)
    good = [entry for entry in entries if entry.foreign is not None]
    taken: list[Entry] = []
    with tqdm(total=len(good), unit=" requests", leave=False, disable=not sys.stderr.isatty()) as progress:
        for start in range(0, len(good), BATCH):
            taken += _write(database, good[start : start + BATCH], ruling, now)
            progress.update(min(BATCH, len(good) - start))
    foreigns = [entry.foreign for entry in taken if entry.foreign is not None]
    closed = sum(foreign.closed_at is not None for foreign in foreigns)
    codes = service_map.services
    return Summary(
        name=service_map.name,
        counted=counted,
        open=len(taken) - closed,
        closed=closed,
        known=len(good) - len(taken),
        triage=sum(codes.get(entry.code) == "" for entry in taken),
        unmapped=dict(Counter(shown(entry.code) for entry in taken if entry.code not in codes)),
        late=_late(database, foreigns, ruling.city.zone) if counted else {},
        faults=[line for entry in entries for line in sentences(f"{file.name}: {entry.place}", entry.faults)],
        refused=len(entries) - len(good),
    )


def _write(database: Database, entries: list[Entry], ruling: Ruling, now: datetime) -> list[Entry]:
    """Take over some requests in one write, computed before it; those that were not there yet."""
    prepared = [
        (entry, entry.foreign, take_over.prepare_foreign(ruling=ruling, foreign=entry.foreign))
        for entry in entries
        if entry.foreign is not None
    ]
    with database.write() as session:
        return [
            entry
            for entry, foreign, item in prepared
            if take_over.take_over(session, ruling=ruling, foreign=foreign, now=now, prepared=item)
        ]


def _lines(summary: Summary) -> list[str]:
    """What the terminal says of it."""
    if not summary.taken:
        if not summary.known:
            return [f"Nothing was taken in from {summary.name}."]
        return [f"{_requests(summary.known)} of {summary.name} are there already; nothing has changed."]
    counted = "counted in the figures" if summary.counted else "counted in no figure"
    states = f"{summary.open} open, {summary.closed} closed"
    lines = [f"{_requests(summary.taken)} of {summary.name} taken in, {counted}: {states}."]
    if summary.known:
        lines.append(f"{_requests(summary.known)} are there already and have not changed.")
    if summary.triage:
        lines.append(
            f"{_requests(summary.triage)} without a department: the map leaves their service to a clerk."
        )
    if summary.unmapped:
        codes = ", ".join(f"{code or 'none'} ({count})" for code, count in sorted(summary.unmapped.items()))
        lines.append(
            f"{_requests(sum(summary.unmapped.values()))} without a department: "
            f"the map does not know their service: {codes}."
        )
    if summary.late:
        months = ", ".join(f"{month} ({count})" for month, count in sorted(summary.late.items()))
        lines.append(f"Received in months whose record is closed, which stays as it is: {months}.")
    return lines


def _late(database: Database, foreigns: list[Foreign], zone: ZoneInfo) -> dict[str, int]:
    """The closed months that those requests were received in, and how many."""
    months = Counter(measures.month_of(foreign.received_at.astimezone(zone).date()) for foreign in foreigns)
    with database.read() as session:
        return {month: count for month, count in months.items() if record.is_closed(session, month)}


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"
