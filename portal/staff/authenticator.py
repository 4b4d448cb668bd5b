"""Setting up an authenticator app, and removing it.

The secret of a set-up page is not stored: the form carries the salt that it is derived from, signed, and the row is
made when the app has shown its first code.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import segno
from msgspec import Struct

from feedback.items import codes
from feedback.people import accounts, factors, totp
from feedback.text import crockford
from portal import languages
from portal.forms import FieldError
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, render, route
from portal.staff import second_factor, second_step
from portal.staff.second_factor import HERE

SET_UP_LIVES: Final = timedelta(minutes=30)
"""How long the secret of a set-up page is good for."""


class AppPage(Struct, frozen=True, kw_only=True):
    """Setting up an authenticator app."""

    secret: list[str]
    """In groups of four."""
    qr: str
    """The path of its dark squares."""
    qr_size: int
    set_up: str
    """What the secret is made of, signed."""
    errors: list[FieldError]


@route(f"{HERE}/app", "GET", "POST", policy="set-up")
def app(visit: Visit) -> Reply:
    """Set up an app: its secret as a picture and in letters, and the first code that it shows."""
    account_id = visit.staff.account_id
    salt = _find_salt(visit) if visit.method == "POST" else None
    if visit.confirmed_at is None and salt is None:  # A page of ours was shown to who had confirmed.
        return redirect(HERE)
    with visit.site.database.read() as session:
        before = factors.list_of(session, account_id)
    if before.app_since is not None:
        return redirect(HERE)
    if visit.method == "GET":
        return _app_page(visit, totp.new_salt())
    if salt is None:
        late = _("This took longer than half an hour. Please let your app read the new picture.")
        return _app_page(visit, totp.new_salt(), [FieldError("", late)])
    shared = totp.secret_of(visit.site.secret.key, account_id=account_id, salt=salt)
    step = totp.find_step(shared, visit.form.text(second_step.CODE), now=datetime.now(UTC), after=-1)
    if step is None:
        wrong = _("This is not the code that the app shows now. Is the clock of your phone right?")
        return _app_page(visit, salt, [FieldError(second_step.CODE, wrong)])
    with visit.site.database.write() as session:
        factors.add_app(
            session, account_id=account_id, salt=salt, step=step, by=second_factor.by(visit), now=visit.now
        )
        return second_factor.added(visit, session, before, "app")


@route(f"{HERE}/app/remove", "POST", policy="set-up")
def remove_app(visit: Visit) -> Reply:
    """The app opens nothing any more."""
    if visit.confirmed_at is None:
        return redirect(HERE)
    with visit.site.database.write() as session:
        factors.remove_app(
            session, account_id=visit.staff.account_id, by=second_factor.by(visit), now=visit.now
        )
        cookie = second_factor.renewed(visit, session)
    return redirect(f"{HERE}?done=removed", cookies=[cookie])


def _app_page(visit: Visit, salt: str, errors: list[FieldError] | None = None) -> Reply:
    account_id = visit.staff.account_id
    shared = totp.secret_of(visit.site.secret.key, account_id=account_id, salt=salt)
    with visit.site.database.read() as session:
        email = accounts.get(session, account_id).email
    issuer = languages.in_language(visit.city.identity.channel)
    size, path = _drawn(totp.address(shared, account=email, issuer=issuer))
    until = int((datetime.now(UTC) + SET_UP_LIVES).timestamp())
    page = AppPage(
        secret=crockford.in_groups(shared).split(),
        qr=path,
        qr_size=size,
        set_up=codes.sign(visit.site.secret.key, f"set-up {account_id}", f"{salt}-{until}"),
        errors=errors or [],
    )
    return render(visit, "staff/authenticator.html", status=422 if errors else 200, page=page)


def _find_salt(visit: Visit) -> str | None:
    """What the secret of the set-up page was made of; None where the page is too old or not ours."""
    purpose = f"set-up {visit.staff.account_id}"
    value = codes.unsign(visit.site.secret.key, purpose, visit.form.text("set-up"))
    if value is None:
        return None
    salt, _dash, until = value.partition("-")
    return salt if int(until) > datetime.now(UTC).timestamp() else None


def _drawn(text: str) -> tuple[int, str]:
    """A QR with its quiet border: its width in squares, and the path of the dark ones, a run at a time."""
    border = 2
    rows = [bytes(row) for row in segno.make(text, error="l", micro=False).matrix]
    runs: list[str] = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            length = 1
            while x + length < len(row) and row[x + length] == row[x]:
                length += 1
            if row[x]:
                runs.append(f"M{x + border} {y + border}h{length}v1h-{length}z")
            x += length
    return len(rows) + 2 * border, "".join(runs)
