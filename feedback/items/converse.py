"""Talk between citizen and city: a question and its reply, added words, withdrawal, second look, confirmed address.

A question pauses the promise, and the law's clock where its row says so; the reply resumes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session, col, select

from feedback.city.versions import Ruling
from feedback.columns import table_of
from feedback.errors import Expired, Fault, Invalid, MoveRefused, NotAllowed, NotFound
from feedback.items import attachments, codes, keep_time, urgent
from feedback.items.attachments import Filed
from feedback.items.change import Change, begin, finish, tell
from feedback.items.lifecycle import check_move, may, may_add_words
from feedback.items.sent import TEXT_MOST, tidy_words
from feedback.items.tables import Contact, Entry, Link
from feedback.items.triage import new_cycle, refuse_barred
from feedback.ledger.notes import CITIZEN, Actor

CONFIRM_LIVES = timedelta(hours=48)
OPEN_LIVES = timedelta(days=60)

_LINK = table_of(Link)


class NewLink(Struct, frozen=True):
    """A link with its token, which is known only while the mail is composed."""

    token: str
    purpose: str
    item_id: int
    target_id: int
    made_at: datetime
    ends_at: datetime


def ask(
    session: Session,
    *,
    item_id: int,
    seen_version: int,
    text: str,
    is_for_papers: bool = False,
    by: Actor,
    now: datetime,
) -> None:
    """A question without whose reply the city can't go on.

    `is_for_papers`: the file is not complete without what is asked for; where the row of law counts from the complete
    file, its time begins with the reply (the first time that papers are asked for).
    """
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    text = _words(text)
    change.item.state = check_move(change.item.state, "ask", is_held=change.is_held)
    refuse_barred(change)
    if change.item.code_hash is None:  # Another system's history: its sender has no way to reply here.
        raise NotAllowed("nobody_to_ask")
    change.cycle.responder_id = change.cycle.responder_id or by.account_id
    entry = change.enter(
        "papers" if is_for_papers else "question", side="city", department=change.cycle.department, text=text
    )
    change.rows += keep_time.pause(session, city=change.city, cycle=change.cycle, now=now)
    finish(change, "asked")
    tell(change, "question", {"entry_id": entry.id})


def resume(session: Session, *, item_id: int, seen_version: int, by: Actor, now: datetime) -> None:
    """Staff go on without the reply."""
    change = begin(session, item_id=item_id, by=by, now=now, seen_version=seen_version)
    change.item.state = check_move(change.item.state, "resume")
    change.enter("resumed", side="event", department=change.cycle.department)
    change.rows += keep_time.resume(session, city=change.city, cycle=change.cycle, now=now)
    finish(change, "resumed")


def add_words(
    session: Session, *, item_id: int, text: str, files: Sequence[Filed] = (), now: datetime
) -> str:
    """The citizen says more, in words, files or both: the reply where a question is open, an addition otherwise.

    Returns which. Refuses Invalid where there is neither, MoveRefused where the item takes no more.
    """
    change = begin(session, item_id=item_id, by=CITIZEN, now=now)
    text = _words(text, is_optional=bool(files))
    last = _last_entry(change)
    if last is not None and last.act in ("reply", "addition") and _is_there(change, last, text, files):
        return last.act  # Pressed twice: it is there.
    if not may_add_words(change.item.state):
        raise MoveRefused("words_refused", state=change.item.state)
    act = "reply" if may(change.item.state, "reply") else "addition"
    if act == "reply":
        change.item.state = check_move(change.item.state, "reply")
    urgent.heed(change, text)
    entry = change.enter(act, side="citizen", text=text)
    if act == "reply":
        change.rows += keep_time.resume(session, city=change.city, cycle=change.cycle, now=now)
    _attach(change, entry, files)
    finish(change, "replied" if act == "reply" else "added")
    return act


def withdraw(session: Session, *, item_id: int, now: datetime) -> None:
    """The citizen takes it back: an end, and both clocks stop."""
    change = begin(session, item_id=item_id, by=CITIZEN, now=now)
    if change.item.state == "withdrawn":
        return  # Pressed twice.
    change.item.state = check_move(change.item.state, "withdraw")
    change.item.held = None
    change.rows += keep_time.stop(session, city=change.city, cycle=change.cycle, by="withdrawal", now=now)
    change.cycle.ended_at = now
    change.enter("withdrawn", side="citizen")
    finish(change, "withdrawn")


def second_look(
    session: Session,
    *,
    item_id: int,
    ruling: Ruling,
    text: str,
    files: Sequence[Filed] = (),
    now: datetime,
) -> None:
    """The citizen is not content: a new cycle, for another person than the one who answered.

    Refuses Expired after the window, MoveRefused where nothing was answered, Invalid without words.
    """
    change = begin(session, item_id=item_id, by=CITIZEN, now=now)
    text = _words(text)
    before = change.cycle
    last = _last_entry(change)
    if last is not None and last.act == "second_look" and _is_there(change, last, text, files):
        return  # Pressed twice.
    if change.item.state == "closed":
        raise Expired("second_look_over", until=before.second_look_until)
    change.item.state = check_move(change.item.state, "second_look")
    if before.second_look_until is None or now.astimezone(ruling.city.zone).date() > before.second_look_until:
        raise Expired("second_look_over", until=before.second_look_until)
    new_cycle(change, ruling=ruling, origin="second_look", barred_id=before.answered_by)
    urgent.heed(change, text)
    entry = change.enter("second_look", side="citizen", text=text)
    _attach(change, entry, files)
    finish(change, "second_look")


def make_link(
    session: Session, *, purpose: str, item_id: int, target_id: int, now: datetime, ends_at: datetime
) -> str:
    """A token for a mail, returned once and stored hashed."""
    link = new_link(purpose=purpose, item_id=item_id, target_id=target_id, now=now, ends_at=ends_at)
    keep_link(session, link)
    return link.token


def new_link(*, purpose: str, item_id: int, target_id: int, now: datetime, ends_at: datetime) -> NewLink:
    """A link for a mail that is being composed; it leads nowhere until it is kept."""
    return NewLink(codes.new_token(), purpose, item_id, target_id, now, ends_at)


def keep_link(session: Session, link: NewLink) -> None:
    """Store a link; its token only hashed."""
    session.execute(
        sa.insert(_LINK).values(
            token_hash=codes.token_hash(link.token),
            purpose=link.purpose,
            item_id=link.item_id,
            target_id=link.target_id,
            made_at=link.made_at,
            ends_at=link.ends_at,
        )
    )


def find_link(session: Session, *, purpose: str, token: str, now: datetime) -> tuple[int, int]:
    """Item and target of a mailed token. Refuses NotFound (foreign) and Expired (over)."""
    row = session.execute(
        sa.select(_LINK.c.item_id, _LINK.c.target_id, _LINK.c.ends_at).where(
            _LINK.c.token_hash == codes.token_hash(token), _LINK.c.purpose == purpose
        )
    ).first()
    if row is None:
        raise NotFound("link_unknown")
    if now >= row.ends_at:
        raise Expired("link_over", ended_at=row.ends_at)
    return row.item_id, row.target_id


def confirm_address(session: Session, *, token: str, now: datetime) -> int:
    """ "This is my address": from now on mails hold answers in full. Twice is the same as once. Returns the item."""
    item_id, contact_id = find_link(session, purpose="confirm", token=token, now=now)
    contact = session.exec(select(Contact).where(Contact.id == contact_id)).first()
    if contact is None:
        raise NotFound("link_unknown")
    if contact.confirmed_at is None:
        change = begin(session, item_id=item_id, by=CITIZEN, now=now)
        contact.confirmed_at = now
        change.rows.append(contact)
        finish(change, "address_confirmed")
    return item_id


def _last_entry(change: Change) -> Entry | None:
    return change.session.exec(
        select(Entry).where(Entry.item_id == change.item.id).order_by(col(Entry.id).desc()).limit(1)
    ).first()


def _is_there(change: Change, last: Entry, text: str, files: Sequence[Filed]) -> bool:
    """Whether the newest entry holds the same words and the same files."""
    if last.text != text:
        return False
    assert last.id is not None
    there = attachments.digests_of(change.session, item_id=last.item_id, entry_id=last.id)
    return there == [file.sha256 for file in files]


def _attach(change: Change, entry: Entry, files: Sequence[Filed]) -> None:
    if not files:
        return
    change.session.flush()  # The entry gets its key.
    assert entry.id is not None
    change.values += attachments.write(
        change.session, item_id=entry.item_id, entry_id=entry.id, files=files, now=change.now
    )


def _words(text: str, *, is_optional: bool = False) -> str:
    faults: list[Fault] = []
    tidy = tidy_words(text, "text", TEXT_MOST, faults)
    if not tidy and not is_optional:
        faults.append(Fault("text", "text_missing"))
    if faults:
        raise Invalid(faults)
    return tidy
