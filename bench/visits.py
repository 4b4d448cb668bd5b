"""What is sent: forms with keys of their own, codes, cookies of sessions. Made before the clock of a run starts.

Keys and cookies are made as the portal makes them, with the installation's own secret.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa
from msgspec import Struct

from bench import words
from bench.load import get, post
from bench.rows import key_of
from feedback.city import versions
from feedback.city.versions import Ruling
from feedback.columns import table_of
from feedback.items import codes, sent
from feedback.items import submit as intake
from feedback.items.sent import Sent
from feedback.items.tables import Cycle, Item
from feedback.people import accounts, sessions
from portal import access
from portal.database import Database
from portal.secret import Secret, read_secret
from portal.settings import read_settings

EMAIL_SHARE = 0.4
"""Of the submissions: with an address, hence with contact, message and job."""
WRITING = timedelta(minutes=1)
"""How long somebody writes before sending."""
UNSURE_SHARE = 0.3
"""Of the submissions: without a chosen service, found by their keywords."""
ITEMS_ASKED = 2000
"""How many different items are looked at."""
QUEUES, BUSIEST = ("open", "closed"), 3
"""The inbox is asked for these queues of so many departments, the busiest: 50 rows each."""
PUBLIC_PAGE = "/en/service-quality"
CLOCKS = 2
"""Every submission sent here has both clocks, so that the bare handler writes as many rows."""


class Form(Struct, frozen=True):
    """The fields of a submission, without its key."""

    language: str
    fields: dict[str, str]


def open_secret(url: str, folder: Path) -> Secret:
    """The secret of an installation whose files lie in `folder`."""
    return read_secret(
        read_settings({"KANALI_DATABASE_URL": url, "KANALI_SECRET_FILE": str(folder / "secret")})
    )


def make_forms(ruling: Ruling, random: Random, count: int) -> list[Form]:
    """So many different submissions of both clocks, in the city's languages."""
    city, now = ruling.city, datetime.now(UTC)
    offered = [service.key for service in city.service if service.is_offered]
    found: list[Form] = []
    while len(found) < count:
        language = random.choice([code for code in city.identity.languages if code in words.LANGUAGES])
        service = random.choice(offered)
        kind, text = words.message(random, service, language)
        is_named = random.random() < EMAIL_SHARE
        name, email = words.contact(random, language, len(found)) if is_named else ("", "")
        fields = {
            "kind": kind,
            "text": text,
            "service": "" if random.random() < UNSURE_SHARE else service,
            "place": words.place(random, language),
            "lat": "",
            "lon": "",
            "name": name,
            "email": email,
            "phone": "",
        }
        given = {name: value for name, value in fields.items() if name not in ("lat", "lon")}
        message = sent.check(city, Sent(language=language, **given))  # type: ignore[arg-type]
        if len(intake.prepare(ruling=ruling, sent=message, received_at=now).clocks) == CLOCKS:
            found.append(Form(language, fields))
    return found


def submissions(port: int, secret: Secret, forms: list[Form]) -> list[bytes]:
    """Each form with a key of its own, as the portal's page would have it, opened a while ago; each from elsewhere."""
    opened_at = datetime.now(UTC) - WRITING
    return [
        post(
            port,
            f"/{form.language}/submit",
            {"key": codes.issue_key(secret.key, now=opened_at), **form.fields},
            {"X-Forwarded-For": f"10.{place >> 16 & 255}.{place >> 8 & 255}.{place & 255}"},
        )
        for place, form in enumerate(forms)
    ]


def bare_submissions(port: int, secret: Secret, forms: list[Form]) -> list[bytes]:
    """The same forms for the bare handler."""
    now = datetime.now(UTC)
    return [
        post(port, "/submit", {"key": codes.issue_key(secret.key, now=now), **form.fields}) for form in forms
    ]


def stored_hash(secret: Secret, code: str) -> str:
    """What an installation stores of a code."""
    return codes.code_hash(secret.key, code)


class Visitors:
    """Everybody who asks the portal for something, on a database that `seed.py` has filled."""

    def __init__(self, database: Database, secret: Secret, random: Random) -> None:
        self._secret, self._random = secret, random
        self._ruling = current(database)
        with database.read() as session:
            table = table_of(Item)
            top = session.execute(sa.select(sa.func.max(table.c.id))).scalar_one()
            wanted = random.sample(range(1, top + 1), min(top, ITEMS_ASKED))
            rows = session.execute(
                sa.select(table.c.id, table.c.reference).where(
                    table.c.id.in_(wanted), table.c.secret_id == secret.id
                )
            )
            self._items = [(row.id, row.reference) for row in rows]
            clerk = next(who for who in accounts.list_active(session) if who.role == "clerk")
            busy = sa.select(table_of(Cycle).c.department).where(table_of(Cycle).c.department.is_not(None))
            counted = busy.group_by("department").order_by(sa.func.count().desc()).limit(BUSIEST)
            self._departments = list(session.execute(counted).scalars())
        with database.write() as session:
            self._clerk = sessions.start(session, account_id=clerk.account_id, now=datetime.now(UTC))

    def requests(self, case: str, port: int, count: int) -> list[bytes]:
        """So many requests of a case: different items, forms and queues, each with what it needs to be admitted."""
        make = {
            "submission": self._submissions,
            "receipt": self._receipts,
            "code": self._codes,
            "item": self._item_pages,
            "inbox": self._inboxes,
            "public": public_page,
            "bare": self._bare_submissions,
        }[case]
        return make(port, count)

    def code(self) -> tuple[int, str]:
        """An item and the code that opens it."""
        item_id, reference = self._drawn(1)[0]
        return item_id, codes.code_of(self._secret.key, key_of(reference))

    def _submissions(self, port: int, count: int) -> list[bytes]:
        return submissions(port, self._secret, make_forms(self._ruling, self._random, count))

    def _bare_submissions(self, port: int, count: int) -> list[bytes]:
        return bare_submissions(port, self._secret, make_forms(self._ruling, self._random, count))

    def _codes(self, port: int, count: int) -> list[bytes]:
        """Codes as somebody types them on the page for the code."""
        found = [codes.code_of(self._secret.key, key_of(reference)) for _, reference in self._drawn(count)]
        return [post(port, "/en/track", {"code": codes.in_groups(code)}) for code in found]

    def _receipts(self, port: int, count: int) -> list[bytes]:
        """Receipt pages, by the cookie that the answer to a submission sets."""
        until = int((datetime.now(UTC) + access.RECEIPT_LIVES).timestamp())
        return [
            self._page(port, "/en/receipt", access.RECEIPT_COOKIE, "receipt", f"{key_of(reference)}~{until}")
            for _, reference in self._drawn(count)
        ]

    def _item_pages(self, port: int, count: int) -> list[bytes]:
        """Items' public pages, by the cookie that the answer to the code sets."""
        until = int((datetime.now(UTC) + access.ITEM_LIVES).timestamp())
        return [
            self._page(port, "/en/track", access.ITEM_COOKIE, "item", f"{item_id}-{until}")
            for item_id, _ in self._drawn(count)
        ]

    def _inboxes(self, port: int, count: int) -> list[bytes]:
        """A clerk's inbox, filtered by department and state."""
        cookie = {"Cookie": f"kanali-{access.STAFF_COOKIE}={self._clerk}"}
        asked = [(queue, department) for queue in QUEUES for department in self._departments]
        return [
            get(port, f"/staff/inbox?queue={queue}&department={department}", cookie)
            for queue, department in (asked[number % len(asked)] for number in range(count))
        ]

    def _page(self, port: int, path: str, cookie: str, purpose: str, value: str) -> bytes:
        signed = codes.sign(self._secret.key, purpose, value)
        return get(port, path, {"Cookie": f"kanali-{cookie}={signed}"})

    def _drawn(self, count: int) -> list[tuple[int, str]]:
        return self._random.choices(self._items, k=count)


def public_page(port: int, count: int) -> list[bytes]:
    """The public page of service quality."""
    return [get(port, PUBLIC_PAGE)] * count


def conditional(port: int, headers: dict[str, str], count: int) -> list[bytes]:
    """The same by somebody who has it already."""
    return [get(port, PUBLIC_PAGE, headers)] * count


def current(database: Database) -> Ruling:
    """The profile in force."""
    with database.read() as session:
        return versions.current(session)
