"""The life of one item as rows, from its receipt to its close: what the deeds of `feedback/items` would have written.

Nothing is read or written here: `seed.py` hands in the city, its people and the moment, and stores the rows. Each deed
leaves its note in the chain of the item.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from msgspec import json

from bench import words
from bench.rows import Changed, key_of
from bench.setting import Setting
from feedback.columns import Row
from feedback.deadlines import promise
from feedback.deadlines.working_days import days_of
from feedback.items import codes, cycles, keep_time
from feedback.items.tables import NOTHING_DUE, Answer, Contact, Cycle, Entry, Item, Submission
from feedback.items.time_tables import Clock, Pause
from feedback.ledger.notes import CITIZEN, SYSTEM, Actor, Chain
from feedback.outbox.tables import Message
from feedback.routing import match
from feedback.satisfaction.invite import LINK_LIVES, due_from
from feedback.satisfaction.tables import Invitation, Response

NAMED_SHARE, RATED_SHARE = 0.45, 0.25
OUTCOMES = ("done", "done", "done", "done", "explained", "explained", "planned", "declined", "not_ours")
KEYS_KEPT = timedelta(days=7)
"""How long a form's key that was used is remembered."""


class Life:
    """The item in hand: its rows as they stand, and the end of its chain."""

    def __init__(self, setting: Setting, received_at: datetime, *, is_triage: bool) -> None:
        self.setting, self.random, self.city = setting, setting.random, setting.city
        self.now = received_at
        self.language = setting.draw_language()
        self.department: str | None
        self.service: str | None
        self.department, self.service = (None, None) if is_triage else setting.draw_place()
        self.contact: dict[str, Any] | None = None

    # ── deeds ───────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self) -> None:
        """What `items/submit.py` writes; a form's key that is a week old has been forgotten."""
        setting, city, now = self.setting, self.city, self.now
        day = now.astimezone(city.zone).date()
        kind, text = words.message(self.random, self.service, self.language)
        self.nature = match.default_nature(city, kind, self.service)
        number = setting.last[day.year] = setting.last.get(day.year, 0) + 1
        reference = f"{city.identity.code}-{day.year}-{number:06d}"
        random_part = key_of(reference)
        code = codes.code_of(setting.secret.key, random_part)
        item_id, cycle_id = setting.rows.new_id(Item), setting.rows.new_id(Cycle)
        self.item: dict[str, Any] = {
            "id": item_id,
            "reference": reference,
            "city_version_id": setting.ruling.version_id,
            "kind": kind,
            "text": text,
            "place": words.place(self.random, self.language) if self.random.random() < 0.6 else "",
            "lat": None,
            "lon": None,
            "language": self.language,
            "channel": "web",
            "counted": True,
            "is_anonymous": False,
            "held": None,
            "state": "received",
            "cycle_id": cycle_id,
            "code_hash": codes.code_hash(setting.secret.key, code),
            "secret_id": setting.secret.id,
            "received_at": now,
            "received_on": day,
        }
        clocks = keep_time.first_clocks(
            city,
            nature=self.nature,
            service=self.service,
            started_at=now,
            version_number=setting.ruling.number,
        )
        self.clocks = [{"id": setting.rows.new_id(Clock), "cycle_id": cycle_id, **clock} for clock in clocks]
        self.cycle = self._first_cycle(cycle_id, item_id, day)
        self.chain = Chain("item", item_id, 0, 0, "")
        changed: Changed = [(Item, self.item), (Cycle, self.cycle)]
        if self.random.random() < NAMED_SHARE:
            name, email = words.contact(self.random, self.language, item_id)
            contact_id = setting.rows.new_id(Contact)
            self.contact = {"id": contact_id, "item_id": item_id, "name": name, "email": email, "phone": ""}
            self.contact |= {"language": self.language, "confirmed_at": None}
            changed.append((Contact, self.contact))
        self._note("submitted", CITIZEN, changed + [(Clock, clock) for clock in self.clocks])
        self._tell("receipt")
        if setting.now - now < KEYS_KEPT:
            key_hash = codes.key_hash(random_part)
            setting.rows.add(
                Submission, {"key_hash": key_hash, "body_digest": key_hash, "item_id": item_id, "at": now}
            )

    def stay_open(self, share: float) -> None:
        """Still in triage, in its queue, taken, or waiting for the citizen."""
        if self.department is None or share < 0.4:
            return
        self._wait(hours=(0.5, 30))
        if self.now >= self.setting.now:
            return
        self.take_over()
        if share > 0.85:
            self._wait(hours=(0.2, 8))
            self.ask()

    def take_over(self) -> None:
        by = self.somebody()
        self.item["state"], self.cycle["responder_id"] = "open", by.account_id
        entry = self._enter("taken", "event", by, department=self.department)
        self._note("taken", by, [(Item, self.item), (Cycle, self.cycle), entry])

    def ask(self) -> None:
        """A question to the citizen: the clocks that may pause do, unless they are late."""
        by = Actor("staff", self.cycle["responder_id"])
        self.item["state"] = "waiting"
        changed: Changed = [(Item, self.item), (Cycle, self.cycle)]
        for clock in self.clocks:
            law = (
                self.city.find_law(clock["rule_key"], clock["rule_version"])
                if clock["which"] == "law"
                else None
            )
            if self.now >= clock["due_at"] or (law is not None and not law.pauses):
                continue
            clock["due_on"] = clock["due_at"] = None
            pause = {
                "id": self.setting.rows.new_id(Pause),
                "clock_id": clock["id"],
                "since": self.now,
                "until": None,
            }
            pause["reason"] = keep_time.WAITING
            changed += [(Clock, clock), (Pause, pause)]
            self.setting.rows.add(Pause, pause)
        self.cycle["next_due_at"] = keep_time.next_due(self.clocks)
        text = words.said(self.random, "questions", self.language)
        changed.append(self._enter("question", "city", by, text=text))
        self._note("asked", by, changed)
        self._tell("question")

    def answer(self) -> None:
        """Taken and answered, some days after its receipt, on a working day."""
        start, service = self.now, self.city.services[self.service or ""]
        days = self.random.lognormvariate(0, 0.6) * 1.2 * (service.promise_days or 10)
        wanted = self.setting.draw_office_hour(start + timedelta(days=days))
        if not start < wanted < self.setting.now:
            wanted = start + (self.setting.now - start) * self.random.uniform(0.3, 0.9)
        self.now = start + (wanted - start) * self.random.uniform(0.1, 0.9)
        self.take_over()
        self.now = wanted
        by = Actor("staff", self.cycle["responder_id"])
        outcome, day = self.random.choice(OUTCOMES), self._local_day()
        text, forwarded_to = words.answer(self.random, outcome, self.language)
        answer_id = self.setting.rows.new_id(Answer)
        answer = {
            "id": answer_id,
            "item_id": self.item["id"],
            "cycle_id": self.cycle["id"],
            "author_id": by.account_id,
            "state": "published",
            "outcome": outcome,
            "text": text,
            "forwarded_to": forwarded_to if outcome == "not_ours" else "",
            "planned_on": day + timedelta(days=20) if outcome == "planned" else None,
            "made_at": self.now,
            "published_at": self.now,
        }
        self.setting.rows.add(Answer, answer)
        entry = self._enter("answered", "city", by, department=self.department, answer_id=answer_id)
        calendar = self.city.calendar
        minutes = promise.working_minutes(
            start, self.now, calendar.office_hours, days_of(calendar), self.city.zone
        )
        until = day + timedelta(days=self.city.identity.second_look_days)
        self.cycle |= {"answered_at": self.now, "answered_on": day, "answered_by": by.account_id}
        self.cycle |= {"outcome": outcome, "minutes": minutes, "second_look_until": until}
        self._stop("answer")
        self.item["state"] = "answered"
        changed: Changed = [(Item, self.item), (Cycle, self.cycle), (Answer, answer), entry]
        self._note("answered", by, changed + [(Clock, clock) for clock in self.clocks])
        self._tell("answer", {"answer_id": answer_id})

    def ask_and_close(self) -> None:
        """The survey, some answers to it, and the close when the window for a second look is over."""
        setting, zone = self.setting, self.city.zone
        invited_on = due_from(self.city, self.cycle["answered_on"])
        made_at = max(self.now, datetime.combine(invited_on, time(8), zone).astimezone(UTC))
        if made_at < setting.now:
            self.now = made_at
            invitation_id = setting.rows.new_id(Invitation)
            invitation = {
                "id": invitation_id,
                "item_id": self.item["id"],
                "cycle_id": self.cycle["id"],
                "made_at": made_at,
                "made_on": self._local_day(),
                "ends_at": made_at + LINK_LIVES,
                "by_mail": self.contact is not None,
            }
            setting.rows.add(Invitation, invitation)
            self._note("invited", SYSTEM, [(Item, self.item), (Cycle, self.cycle), (Invitation, invitation)])
            self._tell("survey", {"invitation_id": invitation_id})
            if self.random.random() < RATED_SHARE:
                self._respond(invitation_id)
        until = self.cycle["second_look_until"]
        closed_at = datetime.combine(until + timedelta(days=1), time(0, 5), zone).astimezone(UTC)
        if until < setting.today and closed_at < setting.now:
            self.now = max(self.now, closed_at)
            self.item["state"] = "closed"
            self._note("closed", SYSTEM, [(Item, self.item), (Cycle, self.cycle)])

    def end(self, state: str, stopped_by: str, side: str, by: Actor) -> None:
        """Withdrawn by the citizen, or set aside by staff."""
        self._wait(hours=(1, 40))
        if self.now >= self.setting.now:
            return
        self.item["state"] = state
        self._stop(stopped_by)
        reason = words.said(self.random, "void_reasons", self.language) if state == "void" else ""
        entry = self._enter(state, side, by, text=reason)
        changed: Changed = [(Item, self.item), (Cycle, self.cycle), entry]
        self._note(state, by, changed + [(Clock, clock) for clock in self.clocks])

    def store(self) -> None:
        """The rows as they stand in the end."""
        self.item |= {"version": self.chain.version, "notes": self.chain.notes, "head": self.chain.head}
        self.setting.rows.add(Item, self.item)
        self.setting.rows.add(Cycle, self.cycle)
        for clock in self.clocks:
            self.setting.rows.add(Clock, clock)
        if self.contact is not None:
            self.setting.rows.add(Contact, self.contact)

    def somebody(self) -> Actor:
        """Somebody of the department."""
        return Actor("staff", self.random.choice(self.setting.people.by_department[self.department or ""]))

    # ── what deeds are made of ──────────────────────────────────────────────────────────────────────────────

    def _first_cycle(self, cycle_id: int, item_id: int, day: date) -> dict[str, Any]:
        begun = cycles.cycle_values(
            version_id=self.setting.ruling.version_id,
            number=1,
            origin="first",
            started_at=self.now,
            started_on=day,
            department=self.department,
            service=self.service,
            nature=self.nature,
            route="service" if self.service else "triage",
            next_due_at=keep_time.next_due(self.clocks),
        )
        return {"id": cycle_id, "item_id": item_id, **begun}

    def _respond(self, invitation_id: int) -> None:
        self.now += timedelta(hours=self.random.uniform(1, 300))
        if self.now >= self.setting.now:
            return
        ratings = self.random.choices((1, 2, 3, 4, 5, 0), (6, 9, 15, 35, 33, 2), k=2)
        is_long = self.random.random() < 0.4
        response = {
            "id": self.setting.rows.new_id(Response),
            "invitation_id": invitation_id,
            "outcome": ratings[0],
            "handling": ratings[1],
            "comment": words.said(self.random, "survey_words", self.language) if is_long else "",
            "first_at": self.now,
            "at": self.now,
        }
        self.setting.rows.add(Response, response)
        self._note("responded", CITIZEN, [(Item, self.item), (Cycle, self.cycle), (Response, response)])

    def _stop(self, by: str) -> None:
        for clock in self.clocks:
            clock["stopped_at"], clock["stopped_by"] = self.now, by
        self.cycle["ended_at"], self.cycle["next_due_at"] = self.now, NOTHING_DUE

    def _enter(
        self,
        act: str,
        side: str,
        by: Actor,
        *,
        text: str = "",
        department: str | None = None,
        answer_id: int | None = None,
    ) -> tuple[type[Row], dict[str, Any]]:
        entry = {
            "id": self.setting.rows.new_id(Entry),
            "item_id": self.item["id"],
            "cycle_id": self.cycle["id"],
            "act": act,
            "side": side,
            "at": self.now,
            "account_id": by.account_id,
            "department": department,
            "answer_id": answer_id,
            "text": text,
        }
        self.setting.rows.add(Entry, entry)
        return Entry, entry

    def _note(self, act: str, by: Actor, changed: Changed) -> None:
        self.setting.rows.note(self.chain, act=act, by=by, now=self.now, changed=changed)

    def _tell(self, kind: str, facts: dict[str, Any] | None = None) -> None:
        """A mail that was sent; its words have been wiped since."""
        if self.contact is None:
            return
        message_id = self.setting.rows.new_id(Message)
        message = {
            "id": message_id,
            "kind": kind,
            "item_id": self.item["id"],
            "contact_id": self.contact["id"],
            "language": self.language,
            "facts": json.encode(facts or {}).decode(),
            "state": "sent",
            "stable_id": f"{message_id:032x}",
            "rendered": None,
            "rendered_at": None,
            "mailbox": None,
            "made_at": self.now,
            "sent_at": self.now,
            "failed_at": None,
            "reason": "",
        }
        self.setting.rows.add(Message, message)

    def _wait(self, *, hours: tuple[float, float]) -> None:
        self.now += timedelta(hours=self.random.uniform(*hours))

    def _local_day(self) -> date:
        return self.now.astimezone(self.city.zone).date()
