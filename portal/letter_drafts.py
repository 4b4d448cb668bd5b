"""What each kind of mail says and which links it holds, before it is rendered (`templates/mail/`).

The words stand in the templates, the facts here. What may stand in which mail is decided here: to an address
that nobody has confirmed goes news without a quotation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from msgspec import Struct
from sqlmodel import Session

from feedback.city import versions
from feedback.city.profile import City
from feedback.errors import Expired, NotFound
from feedback.items import converse
from feedback.items.converse import NewLink
from feedback.items.views import ContactView, CycleView, EntryView, ItemView
from feedback.satisfaction.tables import Invitation
from portal import languages
from portal.item_words import outcome_word
from portal.languages import gettext as _


class MailDue(Struct, frozen=True):
    """One of the two dates; `due_on` is None while the clock stands still."""

    due_on: date | None
    citation: str = ""
    remedy: str = ""


class MailOversight(Struct, frozen=True):
    """Whom to turn to, without an address of the web: the receipt leads to no host but ours."""

    name: str
    how: str


class ReceiptMail(Struct, frozen=True, kw_only=True):
    """A fixed text with dates and names; nothing that was written in the form."""

    received: str
    promise: MailDue | None
    law: MailDue | None
    department: str
    """Empty: a clerk assigns it, and phone and e-mail are the municipality's."""
    phone: str
    email: str
    oversight: list[MailOversight]
    confirm_href: str
    """Empty where the address is confirmed already."""
    confirm_hours: int


class NewsMail(Struct, frozen=True, kw_only=True):
    """Only that there is news, for an address that nobody has confirmed."""

    about: str
    """question, answer or deadline"""
    confirm_href: str
    confirm_hours: int


class QuestionMail(Struct, frozen=True, kw_only=True):
    """The city's question in full."""

    department: str
    paragraphs: list[list[str]]
    """Each a list of lines."""
    is_promise_paused: bool
    open_href: str
    open_days: int


class DeadlineMail(Struct, frozen=True, kw_only=True):
    """More time by law, or a delay that is announced: what, why, and by when the answer comes."""

    department: str
    phone: str
    more: str
    """extended, several or announced"""
    paragraphs: list[list[str]]
    law: MailDue
    open_href: str
    open_days: int
    oversight: list[MailOversight]


class AnswerMail(Struct, frozen=True, kw_only=True):
    """The city's answer in full."""

    department: str
    outcome: str
    paragraphs: list[list[str]]
    planned_on: date | None
    forwarded_to: str
    second_look_until: date | None
    open_href: str
    open_days: int
    oversight: list[MailOversight]


class SurveyMail(Struct, frozen=True, kw_only=True):
    """The invitation to say how it went; quotes nothing, so it goes to any address in full."""

    answered_on: date | None
    survey_href: str
    until: str


class WelcomeMail(Struct, frozen=True, kw_only=True):
    """How to choose a password."""

    occasion: str
    """invitation, reset or reset_by_administrator"""
    name: str
    email: str
    channel: str
    href: str
    hours: int


class Draft(Struct, frozen=True):
    """A mail before it is rendered: its template, its subject and what the template needs."""

    template: str
    subject: str
    page: ReceiptMail | NewsMail | QuestionMail | DeadlineMail | AnswerMail | SurveyMail | WelcomeMail


class Writing(Struct, frozen=True):
    """What a mail is made from."""

    session: Session
    public_url: str
    city: City
    item: ItemView
    contact: ContactView
    facts: dict[str, int]
    now: datetime
    links: list[NewLink]
    """The links made so far; they lead somewhere once they are kept."""

    def link(self, purpose: str, target_id: int, ends_at: datetime) -> str:
        """The address of a new link, in the language being spoken."""
        made = converse.new_link(
            purpose=purpose, item_id=self.item.id, target_id=target_id, now=self.now, ends_at=ends_at
        )
        self.links.append(made)
        return self.address(f"/{purpose}/{made.token}")

    def address(self, path: str) -> str:
        return f"{self.public_url}/{languages.current()}{path}"

    def confirm_href(self) -> str:
        return self.link("confirm", self.contact.id, self.now + converse.CONFIRM_LIVES)

    def open_href(self) -> str:
        return self.link("open", self.contact.id, self.now + converse.OPEN_LIVES)

    def cycle(self, cycle_id: int) -> CycleView:
        return next(cycle for cycle in self.item.cycles if cycle.id == cycle_id)

    def entry(self, is_it: Callable[[EntryView], bool]) -> EntryView:
        """The line of the timeline that a message tells of. Refuses NotFound where it is gone."""
        found = next(filter(is_it, self.item.entries), None)
        if found is None:
            raise NotFound("entry_unknown")
        return found

    def department(self, key: str | None) -> str:
        """A department's name; the city itself where there is none."""
        found = self.city.departments.get(key or "")
        return languages.in_language(found.name if found else self.city.identity.name)


def draft(kind: str, writing: Writing) -> Draft:
    """The mail of a kind. Refuses Expired (a survey that has ended) and NotFound (what it tells of is gone)."""
    return _KINDS[kind](writing)


def _receipt(writing: Writing) -> Draft:
    item, city = writing.item, writing.city
    cycle = item.cycles[0]
    ruling = versions.get(writing.session, cycle.city_version_id)
    department = city.departments.get(cycle.department or "") or ruling.departments.get(
        cycle.department or ""
    )
    is_confirmed = writing.contact.confirmed_at is not None
    page = ReceiptMail(
        received=languages.moment_long(item.received_at, city.zone),
        promise=_promise(cycle),
        law=_law(cycle, ruling),
        department=languages.in_language(department.name) if department else "",
        phone=department.phone if department else city.identity.contact.phone,
        email=department.email if department else city.identity.contact.email,
        oversight=_oversight(city),
        confirm_href="" if is_confirmed else writing.confirm_href(),
        confirm_hours=_hours(converse.CONFIRM_LIVES),
    )
    return Draft("receipt", _("We have your message (%(reference)s)") % {"reference": item.reference}, page)


def _question(writing: Writing) -> Draft:
    if writing.contact.confirmed_at is None:
        return _news(writing, "question")
    entry = writing.entry(lambda entry: entry.id == writing.facts["entry_id"])
    promise = writing.cycle(entry.cycle_id).clock("promise")
    page = QuestionMail(
        department=writing.department(entry.department),
        paragraphs=_paragraphs(entry.text),
        is_promise_paused=promise is not None and promise.is_paused,
        open_href=writing.open_href(),
        open_days=converse.OPEN_LIVES.days,
    )
    subject = _("A question about your case (%(reference)s)")
    return Draft("question", subject % {"reference": writing.item.reference}, page)


def _deadline(writing: Writing) -> Draft:
    if writing.contact.confirmed_at is None:
        return _news(writing, "deadline")
    entry = writing.entry(lambda entry: entry.id == writing.facts["entry_id"])
    cycle = writing.cycle(entry.cycle_id)
    department = writing.city.departments.get(entry.department or "")
    page = DeadlineMail(
        department=writing.department(entry.department),
        phone=department.phone if department else writing.city.identity.contact.phone,
        more=entry.act,
        paragraphs=_paragraphs(entry.text),
        law=_law(cycle, versions.get(writing.session, cycle.city_version_id)) or MailDue(None),
        open_href=writing.open_href(),
        open_days=converse.OPEN_LIVES.days,
        oversight=_oversight(writing.city),
    )
    subject = _("When we answer you (%(reference)s)") % {"reference": writing.item.reference}
    return Draft("deadline", subject, page)


def _answer(writing: Writing) -> Draft:
    if writing.contact.confirmed_at is None:
        return _news(writing, "answer")
    answer_id = writing.facts["answer_id"]
    entry = writing.entry(lambda entry: entry.answer is not None and entry.answer.id == answer_id)
    answer = entry.answer
    assert answer is not None
    page = AnswerMail(
        department=writing.department(entry.department),
        outcome=outcome_word(answer.outcome),
        paragraphs=_paragraphs(answer.text),
        planned_on=answer.planned_on,
        forwarded_to=answer.forwarded_to,
        second_look_until=writing.cycle(entry.cycle_id).second_look_until,
        open_href=writing.open_href(),
        open_days=converse.OPEN_LIVES.days,
        oversight=_oversight(writing.city),
    )
    return Draft("answer", _("Our answer (%(reference)s)") % {"reference": writing.item.reference}, page)


def _news(writing: Writing, about: str) -> Draft:
    page = NewsMail(
        about=about,
        confirm_href=writing.confirm_href(),
        confirm_hours=_hours(converse.CONFIRM_LIVES),
    )
    subject = _("News about your case (%(reference)s)")
    return Draft("news", subject % {"reference": writing.item.reference}, page)


def _survey(writing: Writing) -> Draft:
    invitation = writing.session.get_one(Invitation, writing.facts["invitation_id"])
    if writing.now >= invitation.ends_at:
        raise Expired("survey_over")
    page = SurveyMail(
        answered_on=writing.cycle(invitation.cycle_id).answered_on,
        survey_href=writing.link("survey", writing.facts["invitation_id"], invitation.ends_at),
        until=languages.moment_long(invitation.ends_at, writing.city.zone),
    )
    return Draft("survey", _("How did we do? (%(reference)s)") % {"reference": writing.item.reference}, page)


_KINDS: dict[str, Callable[[Writing], Draft]] = {
    "receipt": _receipt,
    "question": _question,
    "deadline": _deadline,
    "answer": _answer,
    "survey": _survey,
}


def _promise(cycle: CycleView) -> MailDue | None:
    clock = cycle.clock("promise")
    return None if clock is None else MailDue(clock.due_on)


def _law(cycle: CycleView, ruling: City) -> MailDue | None:
    clock = cycle.clock("law")
    if clock is None:
        return None
    law = ruling.find_law(clock.rule_key, clock.rule_version)
    if law is None:
        return MailDue(clock.due_on)
    remedy = languages.in_language(law.remedy) if law.remedy else ""
    return MailDue(clock.due_on, languages.in_language(law.citation), remedy)


def _oversight(city: City) -> list[MailOversight]:
    return [
        MailOversight(languages.in_language(body.name), languages.in_language(body.how))
        for body in city.identity.oversight
    ]


def _paragraphs(text: str) -> list[list[str]]:
    return [part.strip().split("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]


def _hours(span: timedelta) -> int:
    return int(span.total_seconds()) // 3600
