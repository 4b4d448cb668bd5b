"""Service quality: the frozen figures of a month, their course, and the departments and services over the window.

Everything shown comes from `disclose`; a month that nobody has closed yet has no page.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from sqlmodel import Session

from feedback.city.part import Measure
from feedback.city.profile import City, Department, Publication, Service
from feedback.city.time_rules import LawRule
from feedback.deadlines import promise
from feedback.errors import NotFound
from feedback.quality import disclose, measures
from feedback.quality.disclose import Sheet
from feedback.quality.suppression import Cell
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.pages import Reply, Visit, redirect, render, route
from portal.public.definitions import SHOWN, Definition, define
from portal.public.figure_words import target_text
from portal.public.figures import FigureView, figure_of
from portal.public.kept import keep
from portal.public.quality_view import CHOSEN, Choice, is_final, page_of, periods_of, window_of


class EmptyPage(Struct, frozen=True, kw_only=True):
    """No month is closed yet."""

    department: Department | None
    """The one whose page was asked for."""
    first_month: str
    closed_on: date
    is_due: bool
    """The day has come: it is being counted."""


class DepartmentPage(Struct, frozen=True, kw_only=True):
    """One department over the window."""

    department: Department
    period: str
    window: str
    figures: list[FigureView]
    periods: list[Choice]
    is_final: bool
    final_from: date
    services: list[Service]


class DefinitionsPage(Struct, frozen=True, kw_only=True):
    """How each figure is counted."""

    definitions: list[tuple[Definition, str]]
    """Each with the city's target in words, or empty."""
    version: int
    laws: list[LawRule]
    """Deadlines of the law that are in force today."""
    services: list[Service]
    usual_day: str
    rules: Publication


@route("/{language}/service-quality", policy="public")
def service_quality(visit: Visit) -> Reply:
    period, measure = visit.query.get("period", ""), _measure(visit)
    department = visit.query.get("department", "")
    if department:
        if department not in visit.city.departments:
            raise NotFound("page_unknown")
        wanted = f"?period={period}" if period in _months(visit) else ""
        return redirect(visit.here(f"/service-quality/{department}{wanted}"))
    return keep(visit, lambda: _month(visit, period, measure), asks=("period", "measure", "department"))


@route("/{language}/service-quality/{department}", policy="public")
def department_quality(visit: Visit) -> Reply:
    city = visit.city
    department = city.departments.get(visit.params["department"])
    if department is None:
        raise NotFound("page_unknown")
    return keep(visit, lambda: _department(visit, department), asks=("period",))


@route("/{language}/service-quality/definitions", policy="public")
def definitions(visit: Visit) -> Reply:
    return keep(visit, lambda: _definitions(visit))


def _month(visit: Visit, period: str, measure: Measure) -> Reply:
    with visit.site.database.read() as session:
        sheet = disclose.find_sheet(session, rules=visit.city.publication, period=period or None)
        if sheet is None:
            if period:
                raise NotFound("page_unknown")
            return render(visit, "public/quality_empty.html", page=_empty(session, visit, None))
        page = page_of(session, visit, sheet, measure)
    return render(visit, "public/service_quality.html", page=page)


def _department(visit: Visit, department: Department) -> Reply:
    city, period = visit.city, visit.query.get("period", "")
    with visit.site.database.read() as session:
        sheet = disclose.find_sheet(session, rules=city.publication, period=period or None)
        if sheet is None:
            if period:
                raise NotFound("page_unknown")
            return render(visit, "public/quality_empty.html", page=_empty(session, visit, department))
        cells = [_of_department(session, city, sheet, measure, department.key) for measure in SHOWN]
    page = DepartmentPage(
        department=department,
        period=sheet.period,
        window=window_of(sheet),
        figures=[
            figure_of(cell, city=city, is_final=is_final(sheet, cell.measure), window=window_of(sheet))
            for cell in cells
        ],
        periods=periods_of(sheet),
        is_final=sheet.is_satisfaction_final,
        final_from=sheet.satisfaction_from,
        services=[service for service in city.service if service.department == department.key],
    )
    return render(visit, "public/department_quality.html", page=page)


def _definitions(visit: Visit) -> Reply:
    city = visit.city
    today = visit.now.astimezone(city.zone).date()
    page = DefinitionsPage(
        definitions=[(define(measure, city), _target_words(measure, city)) for measure in SHOWN],
        version=measures.DEFINITIONS,
        laws=[
            rule
            for rule in city.deadlines.law
            if rule.valid_from <= today and (rule.valid_to is None or today <= rule.valid_to)
        ],
        services=[service for service in city.service if service.is_offered],
        usual_day=_usual_day(city),
        rules=city.publication,
    )
    return render(visit, "public/definitions.html", page=page)


def _of_department(session: Session, city: City, sheet: Sheet, measure: Measure, key: str) -> Cell:
    """The department's cell, suppressed as in the table of all; empty where it has no cases."""
    found = disclose.lines(session, city=city, sheet=sheet, scope="department", measure=measure)
    for line in found:
        if line.key == key:
            return line.cell
    return Cell(measure=measure, level="empty", window_from=sheet.window_from, window_to=sheet.period, n=0)


def _empty(session: Session, visit: Visit, department: Department | None) -> EmptyPage:
    today = visit.now.astimezone(visit.city.zone).date()
    first, closed_on = disclose.find_first_closing(session, rules=visit.city.publication, today=today)
    return EmptyPage(department=department, first_month=first, closed_on=closed_on, is_due=closed_on <= today)


def _measure(visit: Visit) -> Measure:
    asked = visit.query.get("measure", "") or CHOSEN[0]
    found = next((key for key in CHOSEN if key == asked), None)
    if found is None:
        raise NotFound("page_unknown")
    return found


def _months(visit: Visit) -> list[str]:
    with visit.site.database.read() as session:
        sheet = disclose.find_sheet(session, rules=visit.city.publication)
    return sheet.months if sheet else []


def _target_words(measure: Measure, city: City) -> str:
    target = city.find_target(measure)
    return target_text(target, city) if target else ""


def _usual_day(city: City) -> str:
    """The length of the city's usual working day in words: "8 hours and 15 minutes"."""
    hours, minutes = divmod(promise.minutes_of_days(1, city.calendar.office_hours), 60)
    whole = ngettext("%(num)s hour", "%(num)s hours", hours) % {"num": hours}
    if not minutes:
        return whole
    rest = ngettext("%(num)s minute", "%(num)s minutes", minutes) % {"num": minutes}
    return _("%(days)s and %(hours)s") % {"days": whole, "hours": rest}
