"""`kanali webhook`: which systems elsewhere are told what happens to cases."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from msgspec import json

from feedback.ledger.notes import SYSTEM
from feedback.webhooks import address, deliver, sign, subscribe
from feedback.webhooks.deliver import Parcel
from feedback.webhooks.events import EVENTS
from portal.environment import OperatorError
from portal.hooks import headers
from portal.installation import Installed, opened
from portal.outbound.webhook import WebhookRefused, Webhooks
from portal.settings import read_settings

REASONS = {
    "not_public": "its name stands for an address that is not public",
    "name_unknown": "its name is not known",
    "unreachable": "nothing answers there",
    "tls_failed": "its certificate does not prove its name",
    "connection_lost": "it hung up",
    "too_slow": "it took longer than ten seconds",
}
"""What a refusal means; an answer is told by its number."""


@click.group()
def command() -> None:
    """Tell other systems what happens to cases: codes, keys and days, never words."""


@command.command()
@click.argument("url")
@click.option(
    "--event", "events", multiple=True, metavar="EVENT", help=f"One of {', '.join(EVENTS)}; all if left out."
)
def add(url: str, events: tuple[str, ...]) -> None:
    """Tell URL from now on; shows its secret, once."""
    with _reaching() as installed:
        where, wanted = subscribe.check(url, events)
        try:
            Webhooks().check(where)
        except WebhookRefused as refusal:
            raise OperatorError(f"{where.host} can't be told: {_reason(refusal.code)}.") from refusal
        with installed.database.write() as session:
            made = subscribe.add(session, where=where, events=wanted, by=SYSTEM, now=installed.clock.now())
            number, salt = made.id, made.salt
    click.echo(f"Subscription {number}: {where.url} is told of {', '.join(wanted)}.")
    secret = sign.shown(sign.secret_of(installed.secret.key, salt))
    click.echo(f"Secret (shown once): {secret}")


@command.command("list")
def show() -> None:
    """Show who is told of what, and how that goes."""
    with opened(read_settings()) as installed, installed.database.read() as session:
        found = deliver.standings(session)
    if not found:
        click.echo("Nobody is told of anything.")
    for one in found:
        state = f"disabled ({one.disabled_for})" if one.disabled_at else "enabled"
        click.echo(f"{one.id}  {one.url}  {state}")
        click.echo(f"   {', '.join(one.events)}")
        counts = f"   {one.waiting} waiting, {one.undelivered} undelivered, {one.sent} sent in 30 days"
        click.echo(f"{counts} (the last refusal: {_reason(one.reason)})" if one.reason else counts)


@command.command()
@click.argument("number", type=int)
def remove(number: int) -> None:
    """Tell a subscription nothing any more."""
    with opened(read_settings()) as installed, installed.database.write() as session:
        subscribe.remove(session, subscription_id=number, by=SYSTEM, now=installed.clock.now())
    click.echo(f"Subscription {number} is removed.")


@command.command()
@click.argument("number", type=int)
def enable(number: int) -> None:
    """Tell a disabled subscription again, from now on."""
    with opened(read_settings()) as installed, installed.database.write() as session:
        subscribe.enable(session, subscription_id=number, by=SYSTEM, now=installed.clock.now())
    click.echo(f"Subscription {number} is enabled: it is told of what happens from now on.")


@command.command()
@click.argument("number", type=int)
def test(number: int) -> None:
    """Send one webhook of type `test` at once, and say what became of it."""
    with _reaching() as installed:
        with installed.database.read() as session:
            found = next((one for one in deliver.standings(session) if one.id == number), None)
            parcel = (
                None if found is None else _trial(found.id, deliver.salt_of(session, found.id), found.url)
            )
        if parcel is None:
            raise OperatorError(f"There is no subscription {number}: kanali webhook list shows them.")
        signed = headers(installed.secret.key, parcel, datetime.now(UTC))
        try:
            Webhooks().send(address.read(parcel.url), signed, parcel.content.encode())
        except WebhookRefused as refusal:
            raise OperatorError(f"{parcel.url} did not take it: {_reason(refusal.code)}.") from refusal
    click.echo(f"{parcel.url} has taken it.")


def _trial(number: int, salt: str, url: str) -> Parcel:
    content = json.encode({"type": "test", "timestamp": datetime.now(UTC), "data": {}}).decode()
    return Parcel(number, url, salt, f"msg_{secrets.token_hex(16)}", content, is_withheld=False)


@contextmanager
def _reaching() -> Iterator[Installed]:
    """The installation, where it may reach others. Refuses (OperatorError) in a demonstration."""
    with opened(read_settings()) as installed:
        if installed.is_demonstration:
            raise OperatorError(
                "This is a demonstration, which reaches nobody: use webhooks in an installation."
            )
        yield installed


def _reason(code: str) -> str:
    return REASONS.get(code) or (f"it answered {code[5:]}" if code.startswith("http_") else code)
