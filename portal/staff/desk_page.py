"""What the desk shows of one item: who may do what now, what is asked, the composer, the facts.

Makes the page's Struct from what was read. Decides nothing that a deed does not decide again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from feedback.city.profile import City
from feedback.items.answer import ANSWER_MOST
from feedback.items.lifecycle import OUTCOMES, RUNNING
from feedback.items.sent import TEXT_MOST
from feedback.items.views import ItemView, ReadingView
from feedback.people.viewer import Viewer
from feedback.satisfaction.respond import Rating
from portal import item_words, languages
from portal.clock_view import Tracks, clock_of
from portal.file_view import FileView, files_of
from portal.forms import FieldError
from portal.languages import gettext as _
from portal.staff import facts, law_words, marked, timeline, words
from portal.staff.acts import Acts, acts_of, is_barred
from portal.staff.clash import Clash
from portal.staff.facts import Fact, RatingFact, SightFact
from portal.staff.law_words import LawFact
from portal.staff.marked import Piece
from portal.staff.rows import Due
from portal.staff.timeline import DeskEntry
from portal.staff.undelivered import Lost
from portal.staff.words import Mark, Option


class Typed(Struct, frozen=True, kw_only=True):
    """What was typed into the composer: kept through every refusal."""

    tab: str = ""
    """answer or question; empty where neither was chosen."""
    outcome: str = ""
    text: str = ""
    planned_on: str = ""
    forwarded_to: str = ""
    papers: str = ""
    """yes: the file is not complete without what is asked for."""


class Unsent(Struct, frozen=True):
    """One text that was not sent."""

    deed: str
    title: str
    href: str
    """Where its form is; empty where the form stands on this page, or where the case takes no such deed any more."""
    text: str
    """The words themselves, where there is no form that could hold them."""
    is_in_form: bool


class Tab(Struct, frozen=True):
    label: str
    href: str
    icon: str
    current: bool


class Composer(Struct, frozen=True, kw_only=True):
    """The form for an answer or a question."""

    tab: str
    tabs: list[Tab]
    outcomes: list[Option]
    typed: Typed
    limit: int
    today: str
    """The first day that may be promised, for the date field."""
    asks_papers: bool
    """A question can say that papers are missing, and the time of the law then begins with them."""


class QueueLink(Struct, frozen=True):
    """A case of the list that this person came from."""

    href: str
    title: str
    language: str
    """The language of the title, where it is not the page's."""
    due: Due
    current: bool


class DeskPage(Struct, frozen=True, kw_only=True):
    """The desk of one item."""

    reference: str
    address: str
    trail: str
    """What every address here carries on, so that the list one came from stays: "" or "queue=mine"."""
    version: int
    last_entry: int
    """Id of the newest entry shown, sent back with every form: what is newer came in meanwhile."""
    kind: str
    service: str
    state: Mark
    urgent: Mark | None
    """Where it comes before others."""
    urgent_reason: str
    held: Mark | None
    """Where a clerk looks at it before its department does."""
    sight: SightFact | None
    """Who may see it; None where it is not restricted."""
    title: str
    asked: str
    """What is asked of this person now; empty where nothing is."""
    standing: str
    """How it stands, where nothing is asked."""
    acts: Acts
    first_act: str
    """What is asked first, its button filled: release, assign or take; empty where it is to write (the composer is
    open)."""
    is_composer_open: bool
    lost: list[Lost]
    """Mails of the case that did not arrive."""
    sender: str
    sender_line: str
    words: list[Piece]
    files: list[FileView]
    """What came with the words."""
    language: str
    """The language of title and words, where it is not the page's."""
    entries: list[DeskEntry]
    composer: Composer | None
    tracks: Tracks
    pause_note: str
    law: LawFact | None
    facts: list[Fact]
    ratings: list[RatingFact]
    status: str
    """What was just done; empty otherwise."""
    unsent: list[Unsent]
    """What this person wrote for the item and could not send."""
    errors: list[FieldError]
    clash: Clash | None
    queue_title: str
    queue_href: str
    queue: list[QueueLink]


def make_page(
    item: ItemView,
    *,
    viewer: Viewer,
    city: City,
    ruling_city: City,
    now: datetime,
    typed: Typed,
    ratings: Sequence[Rating] = (),
    kept_back: int = 0,
    readings: Sequence[ReadingView] = (),
    status: str = "",
    errors: list[FieldError] | None = None,
    clash: Clash | None = None,
    trail: str = "",
    queue_title: str = "",
    queue_href: str = "/staff/inbox",
    queue: list[QueueLink] | None = None,
    unsent: list[Unsent] | None = None,
    lost: list[Lost] | None = None,
) -> DeskPage:
    """The page. `city` is the profile in force, `ruling_city` the version that rules the item's cycle.

    `kept_back`: how many e-mails were not sent because they would have been too many.
    """
    acts = acts_of(item, viewer)
    address = f"/staff/item/{item.reference}"
    service = words.service_name(city, item.cycle.service)
    asked, standing = _asked(item, viewer, city, now)
    first_act = _first_act(item, acts)
    law = law_words.law_of(item, ruling_city, now)
    return DeskPage(
        reference=item.reference,
        address=address,
        trail=trail,
        version=item.version,
        last_entry=item.entries[-1].id if item.entries else 0,
        kind=item_words.kind_word(item.kind),
        service=service,
        state=words.state_mark(item.state, item.cycle.department),
        urgent=marked.urgent_mark(item.cycle.urgent) if item.cycle.urgent else None,
        urgent_reason=marked.urgent_reason(item),
        held=words.held_mark() if item.held else None,
        sight=facts.sight_of(item, readings, city=city, now=now),
        title=item_words.title_of(item.text, otherwise=service),
        asked=asked,
        standing=standing,
        acts=acts,
        first_act=first_act,
        is_composer_open=not first_act or bool(typed.tab) or bool(typed.text.strip()) or bool(errors),
        lost=lost or [],
        sender=timeline.citizen_name(item),
        sender_line=" · ".join(
            (
                words.channel_word(item.channel),
                languages.moment(item.received_at, city.zone, now),
                words.language_word(item.language),
            )
        ),
        words=marked.pieces_of(item, item.text),
        files=files_of(item, None, address=timeline.files_address(item)),
        language=languages.tag_of(item.language) if item.text and item.language != viewer.language else "",
        entries=timeline.entries_of(item, city=city, now=now),
        composer=_composer(
            acts,
            typed,
            f"{address}?{trail}&" if trail else f"{address}?",
            now.astimezone(city.zone).date(),
            asks_papers=law is not None and law.asks_papers,
        ),
        tracks=clock_of(item.cycle.clocks, city=ruling_city, now=now),
        pause_note=facts.pause_note(item),
        law=law,
        facts=facts.facts_of(item, city, now, kept_back),
        ratings=[facts.rating_of(item, rating) for rating in ratings],
        status=status,
        unsent=unsent or [],
        errors=errors or [],
        clash=clash,
        queue_title=queue_title,
        queue_href=queue_href,
        queue=queue or [],
    )


def _first_act(item: ItemView, acts: Acts) -> str:
    if acts.release:
        return "release"
    if item.state == "received" and item.cycle.department is None and acts.hand_over:
        return "assign"
    return "take" if item.state == "received" and acts.take else ""


def _composer(acts: Acts, typed: Typed, address: str, today: date, *, asks_papers: bool) -> Composer | None:
    if not acts.answer:
        return None
    tab = "question" if typed.tab == "question" and acts.ask else "answer"
    tabs = [Tab(_("Answer to the citizen"), f"{address}tab=answer#composer", "send", tab == "answer")]
    if acts.ask:
        tabs.append(
            Tab(
                _("Question to the citizen"),
                f"{address}tab=question#composer",
                "question",
                tab == "question",
            )
        )
    return Composer(
        tab=tab,
        tabs=tabs,
        outcomes=[Option(key, item_words.outcome_word(key)) for key in OUTCOMES],
        typed=typed,
        limit=ANSWER_MOST if tab == "answer" else TEXT_MOST,
        today=today.isoformat(),
        asks_papers=asks_papers,
    )


def _asked(item: ItemView, viewer: Viewer, city: City, now: datetime) -> tuple[str, str]:
    """What is asked now, or how it stands where nothing is."""
    cycle, day = item.cycle, _nearest_day(item)
    if item.held:
        return _(
            "%(reason)s Read it: release it, or set it aside. Until then no department sees it and no e-mail goes "
            "out; the deadlines count from its receipt."
        ) % {"reason": words.held_reason(item.held)}, ""
    if item.state in RUNNING and is_barred(item, viewer):
        return _(
            "A second look was asked for. You answered before, so another person must do it: the head of "
            "department if there is nobody else. You can also hand it over."
        ), ""
    if item.state == "received":
        if cycle.department is None:
            return _("Assign it to a department, or answer it yourself."), ""
        if cycle.origin == "second_look":
            return _("A second look was asked for: take it and look at it anew."), ""
        return _("Nobody has taken it yet: take it or hand it over."), ""
    if item.state == "open":
        name = next(
            (e.account_name for e in reversed(item.entries) if e.account_id == cycle.responder_id), ""
        )
        if cycle.responder_id is not None and cycle.responder_id != viewer.account_id:
            return "", _("%(name)s is working on it.") % {"name": name or _("A colleague")}
        if _has_replied(item):
            return _("The citizen has written again: read it, then answer."), ""
        if day is None:
            return _("Answer it."), ""
        if day < now.astimezone(city.zone).date():
            return _("It was due on %(day)s. Answer it now.") % {"day": languages.day_long(day)}, ""
        return _("Answer by %(day)s.") % {"day": languages.day_by(day)}, ""
    if item.state == "waiting":
        return "", _(
            "A question to the citizen is open. The reply brings the case back; you can also go on without it."
        )
    if item.state == "answered" and cycle.second_look_until is not None:
        until = languages.day_by(cycle.second_look_until)
        return "", _("Answered. The citizen may ask for a second look until %(day)s.") % {"day": until}
    if item.state == "void":
        return "", _("Set aside: it counts nowhere and its deadlines are stopped.")
    return "", _("There is nothing more to do.")


def _nearest_day(item: ItemView) -> date | None:
    days = [c.due_on for c in item.cycle.clocks if c.stopped_at is None and c.due_on is not None]
    return min(days, default=None)


def _has_replied(item: ItemView) -> bool:
    spoken = [
        entry
        for entry in item.entries
        if entry.cycle_id == item.cycle.id and entry.side in ("citizen", "city")
    ]
    return bool(spoken) and spoken[-1].act in ("reply", "addition")
