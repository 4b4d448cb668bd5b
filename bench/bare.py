"""The bare handler: a form in, the rows of one submission written by Core, a 303 out, and nothing else.

It is what the portal's own submission is held against in the same run. Served like the portal (Litestar on granian,
one hop into a thread, `portal/database.py` for the connection, its lock and its commit), with one transaction a
request and the same way of running Core's statements (`feedback/statements.py`): another would flatter the portal.
No check, no key, no limit, no routing, no clocks reckoned, no hash chained: hashes are random, texts of the ledger
are constants as long as real ones.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from litestar import Litestar, Request, Response
from litestar.handlers import HTTPRouteHandler

from feedback.columns import table_of
from feedback.items.tables import Contact, Counter, Cycle, Item, Submission
from feedback.items.time_tables import Clock
from feedback.ledger.tables import Note, NotePayload
from feedback.outbox.tables import Job, Message
from feedback.statements import Statement
from portal.database import Database
from portal.settings import read_settings
from portal.turns import in_turn

FACTS = '{"item:1":{"counted":true,"state":"received"}}'.ljust(1600, " ")
WORDS = '{"item:1":{"text":""}}'.ljust(420, " ")
"""As long as those of a real submission with two clocks."""

_COUNTER = table_of(Counter)
_COUNT_ON = Statement(
    sa.update(_COUNTER)
    .where(_COUNTER.c.year == sa.bindparam("of_year"))
    .values(last=_COUNTER.c.last + 1)
    .returning(_COUNTER.c.last, _COUNTER.c.year)
)
_INSERT_ITEM = Statement(sa.insert(table_of(Item)).returning(table_of(Item).c.id))
_INSERT_CONTACT = Statement(sa.insert(table_of(Contact)).returning(table_of(Contact).c.id))
_INSERT_CYCLE = Statement(sa.insert(table_of(Cycle)).returning(table_of(Cycle).c.id))
_INSERT_CLOCK = Statement(sa.insert(table_of(Clock)))
_INSERT_SUBMISSION = Statement(sa.insert(table_of(Submission)))
_INSERT_NOTE, _INSERT_PAYLOAD = (
    Statement(sa.insert(table_of(Note))),
    Statement(sa.insert(table_of(NotePayload))),
)
_INSERT_MESSAGE = Statement(sa.insert(table_of(Message)).returning(table_of(Message).c.id))
_INSERT_JOB = Statement(sa.insert(table_of(Job)))


def create_app() -> Litestar:
    """The application (granian calls this in its own process)."""
    database = Database(read_settings().database_url)
    database.check()

    async def submit(request: Request[Any, Any, Any]) -> Response[bytes]:
        form = {name: str(value) for name, value in (await request.form()).items()}
        await in_turn(lambda: take_in(database, form))
        return Response(b"", status_code=303, headers={"Location": "/receipt"})

    async def ready() -> Response[bytes]:
        return Response(b"ready\n", media_type="text/plain")

    return Litestar(
        route_handlers=[
            HTTPRouteHandler("/submit", http_method=["POST"], status_code=303)(submit),
            HTTPRouteHandler("/ready", http_method=["GET"], status_code=200)(ready),
        ],
        openapi_config=None,
        logging_config=None,
    )


def take_in(database: Database, form: dict[str, str]) -> None:
    """The rows of one submission in one transaction."""
    now = datetime.now(UTC)
    with database.write() as session:
        last, year = _COUNT_ON.all(session, {"of_year": now.year})[0]
        hashed = secrets.token_hex(32)
        item_id = _INSERT_ITEM.scalar(session, _item(form, f"BAR-{year}-{last:06d}", hashed, now))
        contact_id = None
        if form.get("email"):
            contact_id = _INSERT_CONTACT.scalar(session, _contact(form, item_id))
        cycle_id = _INSERT_CYCLE.scalar(session, _cycle(form, item_id, now))
        for which in ("law", "promise"):
            _INSERT_CLOCK.run(session, _clock(cycle_id, which, now))
        _INSERT_SUBMISSION.run(
            session,
            {"key_hash": secrets.token_hex(32), "body_digest": hashed, "item_id": item_id, "at": now},
        )
        _INSERT_NOTE.run(session, _note(item_id, hashed, now))
        _INSERT_PAYLOAD.run(
            session, {"kind": "item", "subject": item_id, "seq": 1, "salt": hashed[:32], "content": WORDS}
        )
        if contact_id is not None:
            message_id = _INSERT_MESSAGE.scalar(session, _message(item_id, contact_id, now))
            _INSERT_JOB.run(session, _job(message_id, now))


def _item(form: dict[str, str], reference: str, hashed: str, now: datetime) -> dict[str, Any]:
    return {
        "reference": reference,
        "city_version_id": 1,
        "kind": form["kind"],
        "text": form["text"],
        "place": form["place"],
        "lat": None,
        "lon": None,
        "language": "en",
        "channel": "web",
        "counted": True,
        "is_anonymous": False,
        "held": None,
        "state": "received",
        "cycle_id": None,
        "code_hash": hashed,
        "secret_id": "bare",
        "received_at": now,
        "received_on": now.date(),
        "version": 1,
        "notes": 1,
        "head": hashed,
    }


def _contact(form: dict[str, str], item_id: int) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "name": form["name"],
        "email": form["email"],
        "phone": form["phone"],
        "language": "en",
        "confirmed_at": None,
    }


def _cycle(form: dict[str, str], item_id: int, now: datetime) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "city_version_id": 1,
        "number": 1,
        "origin": "first",
        "started_at": now,
        "started_on": now.date(),
        "department": "bare",
        "service": form["service"],
        "nature": "service_request",
        "route": "service",
        "restricted": None,
        "urgent": None,
        "responder_id": None,
        "barred_id": None,
        "answered_at": None,
        "answered_on": None,
        "answered_by": None,
        "outcome": None,
        "minutes": None,
        "second_look_until": None,
        "ended_at": None,
        "next_due_at": now + timedelta(days=5),
    }


def _clock(cycle_id: int, which: str, now: datetime) -> dict[str, Any]:
    due_at = now + timedelta(days=5)
    return {
        "cycle_id": cycle_id,
        "which": which,
        "rule_key": "bare",
        "rule_version": 1,
        "started_at": now,
        "due_on": due_at.date(),
        "due_at": due_at,
        "stopped_at": None,
        "stopped_by": "",
        "longer": 0,
    }


def _note(item_id: int, hashed: str, now: datetime) -> dict[str, Any]:
    return {
        "kind": "item",
        "subject": item_id,
        "seq": 1,
        "at": now,
        "actor_kind": "citizen",
        "actor_id": None,
        "act": "submitted",
        "facts": FACTS,
        "salt": hashed[:32],
        "facts_digest": hashed,
        "words_digest": hashed,
        "previous": "",
        "hash": hashed,
    }


def _message(item_id: int, contact_id: int, now: datetime) -> dict[str, Any]:
    return {
        "kind": "receipt",
        "item_id": item_id,
        "contact_id": contact_id,
        "account_id": None,
        "language": "en",
        "facts": "{}",
        "state": "waiting",
        "stable_id": secrets.token_hex(16),
        "rendered": None,
        "rendered_at": None,
        "mailbox": None,
        "made_at": now,
        "sent_at": None,
        "failed_at": None,
        "reason": "",
    }


def _job(message_id: int, now: datetime) -> dict[str, Any]:
    return {
        "kind": "send",
        "key": str(message_id),
        "destination": "",
        "since": now,
        "run_at": now,
        "lease_until": None,
        "lease_token": "",
        "attempts": 0,
        "error": "",
    }
