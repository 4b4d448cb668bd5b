"""What comes in on a day of a demonstration: drawn and prepared before the day's write begins."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from feedback.city.profile import City
from feedback.items import sent, submit
from feedback.items.sent import Sent
from feedback.ledger.notes import CITIZEN, Actor
from feedback.routing import match
from portal.demonstrating.course import ASKED
from portal.demonstrating.habits import Habits
from portal.demonstrating.people import Citizen, draw_citizen
from portal.demonstrating.texts import ASKING, ItemText, fill, pick, with_frame
from portal.demonstrating.world import Life, World

_BY_STAFF = ("phone", "counter")
LEAST_ON_LAST_DAY = 6
_TRIES = 60
"""Draws until a text goes to triage by itself."""


def share_out(habits: Habits, days: list[date], items: int, chance: Random) -> list[int]:
    """How many items come in on each of the days; at least some on the last one, so that there is something new."""
    weights = [habits.days.months[day.month - 1] * habits.days.weekdays[day.weekday()] for day in days]
    counts = [0] * len(days)
    for place in chance.choices(range(len(days)), weights, k=items):
        counts[place] += 1
    while counts[-1] < min(LEAST_ON_LAST_DAY, items):
        counts[counts.index(max(counts[:-1]))] -= 1
        counts[-1] += 1
    return counts


def draw_day(
    world: World, day: date, count: int, first_number: int, stays: list[str]
) -> list[tuple[datetime, Life]]:
    """The items of a day, everything found that can be found before the write. The first ones shall stay as
    `stays` says, for the inbox of the first minute: in "triage", or waiting for the reply to a "question"."""
    kept = [*stays[:count], *[""] * max(0, count - len(stays))]
    return [_draw_arrival(world, day, first_number + place, keep) for place, keep in enumerate(kept)]


def _draw_arrival(world: World, day: date, number: int, stays: str) -> tuple[datetime, Life]:
    chance, habits, city = world.chance, world.habits, world.ruling.city
    channel = "web" if stays else pick(chance, habits.channels)
    at = _draw_time(world, day, channel)
    if channel in _BY_STAFF and not world.office.is_open(at):
        channel = "web"
        at = _draw_time(world, day, channel)
    is_void = not stays and channel == "web" and chance.random() < habits.shares.void
    for _ in range(_TRIES):
        life = _draw_life(world, day, at, channel, number, is_void=is_void, is_unsure=stays == "triage")
        if _may_stay(city, life, stays):
            life.stays = stays
            break
    return at, life


def _may_stay(city: City, life: Life, stays: str) -> bool:
    """Whether a life fits how it shall stay: no rule knew where to send it, or it can be asked about at once."""
    place = life.prepared.cycle["department"], life.prepared.cycle["service"]
    if stays == "triage":
        return place[0] is None and city.services[life.service].is_offered
    return not stays or (place == life.right and place[0] is not None and life.kind in ASKED)


def _draw_life(
    world: World, day: date, at: datetime, channel: str, number: int, *, is_void: bool, is_unsure: bool
) -> Life:
    chance, habits, city = world.chance, world.habits, world.ruling.city
    language = pick(chance, habits.languages_of(city))
    service = pick(chance, habits.weights_of(city, day.month))
    text = world.draw.item(language, service, day.month, habits.kinds)
    street, place, words = _write(world, language, service, text)
    kind, chosen = text.kind, _choose_service(world, service, channel, is_unsure)
    citizen = _draw_sender(world, language, text, channel, number)
    void_reason, is_spam = "", False
    if is_void:
        is_spam = chance.random() >= habits.shares.void_wrong
        void_reason, spam = world.draw.void_reason(world.own_language, is_spam=is_spam)
        if spam:
            kind, words, chosen, place, citizen = "request", spam, "", "", Citizen()
    checked = sent.check(
        city,
        Sent(
            kind=kind,
            text=words,
            service=chosen,
            place=place,
            name=citizen.name,
            email=citizen.email,
            phone=citizen.phone,
            is_anonymous=not citizen.name,
            language=language,
            channel=channel,
        ),
    )
    nature = match.default_nature(city, kind, service)
    return Life(
        prepared=submit.prepare(ruling=world.ruling, sent=checked, received_at=at),
        by=Actor("staff", chance.choice(world.staff.clerks)) if channel in _BY_STAFF else CITIZEN,
        citizen=citizen,
        kind=kind,
        language=language,
        service=service,
        street=street,
        nature=nature,
        right=_right_place(city, kind, nature, service, checked),
        started_at=at,
        void_reason=void_reason,
        is_spam=is_spam,
    )


def _write(world: World, language: str, service: str, text: ItemText) -> tuple[str, str, str]:
    """The street, the place as the form has it, and the words. Street and place are empty where none is named."""
    chance, habits = world.chance, world.habits
    words = habits.words[language]
    form = chance.choice(habits.of_city(world.ruling.city).streets.all)
    number = str(chance.randint(*habits.numbers.number))
    street = form["latin"] if text.is_latin else form[language]
    filled = fill(
        text.text,
        street=street,
        number=number,
        day=chance.choice(words.weekdays),
        weeks=str(chance.randint(*habits.numbers.weeks)),
        time=chance.choice(habits.times[text.at]) if text.at else "",
    )
    if not text.whole and not text.is_latin:
        greeting = chance.choice(words.greetings) if chance.random() < habits.shares.greeting else ""
        closing = ""
        if chance.random() < habits.shares.closing:
            is_asking = text.kind in ASKING and chance.random() < 0.5
            closing = chance.choice(words.closings_asking if is_asking else words.closings)
        filled = with_frame(filled, greeting, closing)
    whole_place = words.place.format(street=form[language], number=number)
    if "{street}" in text.text:
        return form[language], whole_place if "{number}" in text.text else form[language], filled
    if habits.services[service].group != "office" and chance.random() < habits.shares.place:
        return form[language], whole_place, filled
    return "", "", filled


def _choose_service(world: World, service: str, channel: str, is_unsure: bool) -> str:
    """What the form says: the right service, a mistaken one, or "I am not sure"."""
    chance, habits, city = world.chance, world.habits, world.ruling.city
    if is_unsure or not city.services[service].is_offered:
        return ""
    if channel in _BY_STAFF:  # A clerk knows the services.
        return service
    if chance.random() < habits.shares.unsure_of_service:
        return ""
    mistaken = [
        key
        for key in habits.services[service].mistaken_for
        if key in city.services and city.services[key].is_offered
    ]
    if mistaken and chance.random() < habits.services[service].handed_over:
        return chance.choice(mistaken)
    return service


def _draw_sender(world: World, language: str, text: ItemText, channel: str, number: int) -> Citizen:
    if channel != "mail" and world.chance.random() < world.habits.shares.anonymous:
        return Citizen()
    citizen = draw_citizen(
        world.habits.names[language],
        world.habits,
        world.chance,
        number=number,
        gender=text.gender,
        has_phone=channel == "phone",
    )
    if channel == "mail" and not citizen.email:
        return Citizen(citizen.name, world.habits.people.mail_address.format(n=number), citizen.phone)
    return citizen


def _right_place(
    city: City, kind: str, nature: str, service: str, checked: Sent
) -> tuple[str | None, str | None]:
    if not city.services[service].is_offered:
        return None, None
    routed = match.route(
        city,
        kind=kind,
        nature=nature,
        service=service,
        channel=checked.channel,
        language=checked.language,
        text=checked.text,
    )
    return routed.department, service


def _draw_time(world: World, day: date, channel: str) -> datetime:
    hour = world.chance.choices(range(24), world.habits.hours[channel])[0]
    at = world.office.at(day, hour, world.chance.randrange(60))
    return min(at, world.end - timedelta(minutes=2))
