"""Composes every mail: which one, in which language, with which links. Sends nothing.

An address that nobody has confirmed may be a stranger's: to it a mail says that there is news and quotes
nothing. No mail holds the follow-up code or a word that the citizen wrote, and none about a case is without the way
back. The same message composed twice has the same Message-ID and other links.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import textwrap
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from sqlmodel import Session

from feedback.city import versions
from feedback.city.profile import City
from feedback.errors import NotFound
from feedback.items import find
from feedback.items.converse import NewLink
from feedback.outbox.tables import Message
from feedback.people.tables import Account
from feedback.people.welcome import NewWelcome, Occasion
from feedback.text.contact import mailbox_of
from portal import account_letters, languages, letter_drafts
from portal.languages import gettext as _
from portal.letter_drafts import Draft, Writing
from portal.pages import Site

LINE_WIDTH = 72
"""Signs in a line of plain text."""


AUTO_REPLIED: Final = "auto-replied"
"""What a receipt is: nobody wrote it, and it answers whoever wrote. It goes out without a sender to answer to."""


class Letter(Struct, frozen=True, kw_only=True):
    """A mail as it goes out; kept as such until it is delivered, so that each try sends the same."""

    kind: str
    language: str
    to: str
    from_name: str
    from_address: str
    subject: str
    text: str
    html: str
    message_id: str
    """`<…@host>`, the same for each try and each rendering of a message."""
    date: datetime
    headers: dict[str, str]


class MailFrame(Struct, frozen=True, kw_only=True):
    """What stands around every mail (`templates/mail/_frame.html`, `_frame.txt`)."""

    language: str
    subject: str
    city_name: str
    channel_name: str
    contact_lines: list[str]
    reference: str
    """Empty in a mail to staff, which is about no case."""
    track_href: str
    is_demonstration: bool
    brand: str
    mist: str


class Composed(Struct, frozen=True):
    """A letter, and its links, which must be kept before it goes out."""

    letter: Letter
    links: list[NewLink]
    welcome: NewWelcome | None = None
    mailbox: str = ""
    """A digest of the mailbox, where nobody has confirmed that it is theirs; empty otherwise."""


def compose(session: Session, site: Site, message: Message, now: datetime) -> Composed | None:
    """The mail of a message. Reads only, so that nobody waits while it is rendered.

    None where there is nobody to write to any more: item or contact are gone, or the address was erased. Refuses
    (DomainError) what has become pointless: Expired("survey_over") for a survey that has ended meanwhile.
    """
    if message.item_id is None:
        return _to_account(session, site, message, now)
    try:
        item = find.get_for_citizen(session, item_id=message.item_id)
    except NotFound:
        return None
    contact = item.contact
    if contact is None or contact.id != message.contact_id or not contact.email:
        return None
    city = versions.current(session).city
    with languages.speaking(_language(city, contact.language)):
        facts = msgspec.json.decode(message.facts, type=dict[str, int])
        writing = Writing(session, site.settings.public_url, city, item, contact, facts, now, [])
        draft = letter_drafts.draft(message.kind, writing)
        frame = _frame(
            site,
            city,
            draft.subject,
            department=_department_lines(writing),
            reference=item.reference,
            track_href=writing.address("/track"),
        )
        letter = _letter(site, city, message, contact.email, frame, draft, now)
        mailbox = "" if contact.confirmed_at else _digest(site, mailbox_of(contact.email))
        return Composed(letter, writing.links, mailbox=mailbox)


def _digest(site: Site, mailbox: str) -> str:
    """What is counted by: nothing that leads back to the mailbox without the installation's secret."""
    return hmac.digest(site.secret.key, b"mailbox\n" + mailbox.encode(), hashlib.sha256).hex()


def _to_account(session: Session, site: Site, message: Message, now: datetime) -> Composed | None:
    """A mail to somebody of the staff; None where the account is gone, disabled, or never was."""
    account = None if message.account_id is None else session.get(Account, message.account_id)
    if account is None or account.disabled_at is not None or message.kind not in get_args(Occasion):
        return None
    city = versions.current(session).city
    with languages.speaking(_language(city, account.language)):
        draft, made = account_letters.draft(
            message.kind,  # type: ignore[arg-type]  # one of the occasions
            account=account,
            city=city,
            public_url=site.settings.public_url,
            real_now=datetime.now(UTC),
        )
        frame = _frame(site, city, draft.subject)
        return Composed(_letter(site, city, message, account.email, frame, draft, now), [], made)


def _language(city: City, wished: str) -> str:
    return wished if wished in city.identity.languages else city.default_language


def _letter(
    site: Site, city: City, message: Message, to: str, frame: MailFrame, draft: Draft, now: datetime
) -> Letter:
    find_template = site.templates.get_template
    text = find_template(f"mail/{draft.template}.txt").render(here=frame, page=draft.page)
    html = find_template(f"mail/{draft.template}.html").render(here=frame, page=draft.page)
    return Letter(
        kind=message.kind,
        language=frame.language,
        to=to,
        from_name=frame.city_name,
        from_address=city.identity.contact.email,
        subject=frame.subject,
        text=_tidy(text),
        html=html.strip() + "\n",
        message_id=f"<{message.stable_id}@{_host(site)}>",
        date=now.astimezone(city.zone),
        headers={
            # So that no programme for absences answers it (RFC 3834).
            "Auto-Submitted": AUTO_REPLIED if message.kind == "receipt" else "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Content-Language": frame.language,
        },
    )


def _frame(
    site: Site,
    city: City,
    subject: str,
    *,
    department: list[str] | None = None,
    reference: str = "",
    track_href: str = "",
) -> MailFrame:
    identity = city.identity
    if site.demonstration:
        subject = _("Demonstration: %(subject)s") % {"subject": subject}
    return MailFrame(
        language=languages.current(),
        subject=subject,
        city_name=languages.in_language(identity.name),
        channel_name=languages.in_language(identity.channel),
        contact_lines=[
            *(department or []),
            languages.in_language(identity.contact.address),
            _("Phone %(number)s") % {"number": identity.contact.phone},
            languages.in_language(identity.contact.hours),
        ],
        reference=reference,
        track_href=track_href,
        is_demonstration=site.demonstration,
        brand=identity.colours.brand,
        mist=identity.colours.mist,
    )


def _department_lines(writing: Writing) -> list[str]:
    """The department that has the case, with its telephone; none while nobody has it."""
    found = writing.city.departments.get(writing.item.cycles[-1].department or "")
    if found is None:
        return []
    return [f"{languages.in_language(found.name)}, {_('Phone %(number)s') % {'number': found.phone}}"]


def _tidy(text: str) -> str:
    """Plain text in lines that every screen shows whole, with one empty line at most between paragraphs. An address
    of the web is never broken."""
    wrapped = [
        textwrap.fill(line, LINE_WIDTH, break_long_words=False, break_on_hyphens=False)
        for line in text.strip().split("\n")
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(wrapped)) + "\n"


def _host(site: Site) -> str:
    """The host of the public address, as it may stand behind the @ of a Message-ID."""
    host = urlsplit(site.settings.public_url).hostname or ""
    try:
        address: Any = ip_address(host)
    except ValueError:
        return host
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"
