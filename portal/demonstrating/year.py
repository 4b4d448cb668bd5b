"""The year of a demonstration: twelve whole months that can be closed and the days since, to yesterday.

Makes the database a demonstration, its staff, and lets every day of the year be lived through: nightly closings by
`portal/closing.py`, then the day's items and deeds in one write, for which everything is drawn and prepared before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from random import Random

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.city import versions
from feedback.city.profile import City
from feedback.city.tables import Installation
from feedback.columns import table_of
from feedback.items import purge
from feedback.items.tables import Counter
from feedback.quality import measures
from feedback.satisfaction import invite
from portal import closing
from portal.demonstrating import mails, people
from portal.demonstrating.aftermath import INVITED_AT
from portal.demonstrating.arrivals import draw_day, share_out
from portal.demonstrating.habits import Habits, read_habits
from portal.demonstrating.lives import Lives
from portal.demonstrating.office import Office
from portal.demonstrating.people import SignIn
from portal.demonstrating.texts import Draw, read_texts
from portal.demonstrating.world import World
from portal.environment import OperatorError
from portal.installation import Installed
from portal.settings import DEMONSTRATION

MONTHS = 12
IN_TRIAGE = 3
"""Items of the last day that no rule could send anywhere."""
WAITING = 4
"""Items of the last working days that wait for the citizen's reply."""
WAITING_DAYS = 5

_INSTALLATION, _COUNTER = table_of(Installation), table_of(Counter)

Progress = Callable[[list[date]], Iterable[date]]


class Made(Struct, frozen=True):
    """What a demonstration was made of."""

    items: int
    first_day: date
    last_day: date
    months: list[str]
    """Closed months, the oldest first."""
    sign_ins: list[SignIn]


def make_year(
    installed: Installed, *, items: int, seed: int, progress: Progress, months: int = MONTHS
) -> Made:
    """Fill an installation with a year that ends yesterday. `progress` goes around the days.

    Refuses (`OperatorError`) where items exist already, and a city that speaks none of the texts' languages.
    """
    database = installed.database
    with database.read() as session:
        _check_empty(session)
        ruling = versions.current(session)
    city, habits, chance = ruling.city, read_habits(DEMONSTRATION), Random(seed)
    languages = list(habits.languages_of(city))
    own = city.default_language if city.default_language in habits.words else languages[0]
    draw = Draw(read_texts(DEMONSTRATION, sorted({*languages, own})), chance)
    office = Office(city)
    today = office.day_of(installed.clock.now())
    days = days_before(today, close_on_day=city.publication.close_on_day, months=months)
    sign_ins = people.make_sign_ins(city)
    with database.write() as session:
        _check_empty(session)
        session.execute(sa.update(_INSTALLATION).where(_INSTALLATION.c.id == 1).values(demonstration=True))
        staff = people.make_staff(
            session,
            city=city,
            names=habits.names[own],
            habits=habits,
            sign_ins=sign_ins,
            busiest=_busiest(city, habits),
            chance=chance,
            now=office.at(days[0]),
        )
    world = World(ruling, own, habits, draw, chance, office, staff, installed.secret, office.at(today))
    lives = Lives(world)
    counts = share_out(habits, days, items, chance)
    waiting = _days_of_questions(office, days)
    closed: list[str] = []
    freezing: set[date] = set()
    number = 1
    for day, count in zip(progress(days), counts, strict=True):
        midnight = office.at(day)
        if day in freezing:
            closing.freeze_what_is_due(database, now=midnight + timedelta(minutes=20))
        if day.day == city.publication.close_on_day:
            newly = closing.close_what_is_due(database, now=midnight + timedelta(minutes=40))
            freezing |= {max(_frozen_from(period), day + timedelta(days=1)) for period in newly}
            closed += newly
        stays = ["triage"] * IN_TRIAGE if day == days[-1] else ["question"] * waiting.get(day, 0)
        for at, life in draw_day(world, day, count, number, stays):
            lives.receive(at, life)
        number += count
        _live_day(installed, lives, office, day)
    with database.write() as session:
        mails.let_go(session, installed.clock.now())
    return Made(items, days[0], days[-1], closed, sign_ins)


def days_before(today: date, *, close_on_day: int, months: int = MONTHS) -> list[date]:
    """From the first day of the oldest of the months that can be closed by now, to yesterday."""
    yesterday = today - timedelta(days=1)
    back = months if yesterday.day >= close_on_day else months + 1
    _, first = measures.months_later(measures.month_of(yesterday), -back)
    return [first + timedelta(days=place) for place in range((today - first).days)]


def _live_day(installed: Installed, lives: Lives, office: Office, day: date) -> None:
    """One simulated day, in one write."""
    morning, midnight = office.at(day, INVITED_AT), office.at(day + timedelta(days=1))
    with installed.database.write() as session:
        lives.close_over(session, office.at(day, 1))
        lives.live(session, morning)
        lives.invite_due(session, morning)
        lives.live(session, midnight)
        mails.hold_back(session, midnight)
        if old := purge.find_old(session, now=midnight, limit=500):
            purge.remove(session, old)


def _check_empty(session: Session) -> None:
    """Refuses (`OperatorError`) a database in which somebody has written, or a demonstration was begun."""
    if session.execute(sa.select(_INSTALLATION.c.demonstration)).scalar_one():
        raise OperatorError(
            "This database holds its demonstration already: kanali serve shows it; "
            "for another one run kanali init with another KANALI_DATABASE_URL."
        )
    if session.execute(sa.select(_COUNTER.c.year).limit(1)).first() is not None:
        raise OperatorError(
            "This database holds items of citizens, and a demonstration is made in an empty one only: "
            "run kanali init with another KANALI_DATABASE_URL first."
        )


def _frozen_from(period: str) -> date:
    """The day on which the satisfaction of a month can be frozen: its last link has ended."""
    _, last = measures.days_of_month(period)
    return last + invite.LINK_LIVES + timedelta(days=1)


def _busiest(city: City, habits: Habits) -> str:
    """The department that is late most often: there is most to see in its inbox."""
    late = dict.fromkeys(city.departments, 0.0)
    for key, weight in habits.weights_of(city, 1).items():
        department = city.services[key].department
        if department is not None:
            late[department] += weight * habits.services[key].late
    return max(late, key=lambda department: late[department])


def _days_of_questions(office: Office, days: list[date]) -> dict[date, int]:
    """The last working days but one, each with how many of its items shall wait for a reply."""
    working = [day for day in days[:-1] if office.days.is_working(day)][-WAITING_DAYS:-1]
    return dict.fromkeys(working, -(-WAITING // len(working)))
