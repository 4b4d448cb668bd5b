"""What the page of service quality shows of a closed month: figures, their course, departments and services.

The handlers are in `service_quality.py`; what may be shown was decided in `feedback/quality/disclose.py`.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct
from sqlmodel import Session

from feedback.city.profile import City, Measure
from feedback.quality import disclose, measures, restate
from feedback.quality.disclose import Sheet
from feedback.quality.restate import Restated
from feedback.quality.suppression import SHARES, Cell
from portal import languages
from portal.languages import gettext as _
from portal.pages import PageLink, Visit
from portal.public.definitions import SHOWN, name_of
from portal.public.figure_words import target_text, window_text
from portal.public.figures import FigureView, LineView, MonthView, figure_of, line_of, month_of

FOLDED_FROM = 5
"""So many hidden rows of a table are named in one sentence below it; fewer stand in their place."""

CHOSEN: tuple[Measure, ...] = (
    "in_time_promise",
    "in_time_law",
    "time_to_answer",
    "satisfied_outcome",
    "satisfied_handling",
)
"""The figures that can be followed by month, department and service; the first where none is asked for."""


class Choice(Struct, frozen=True):
    """An option of a select."""

    value: str
    label: str


class CourseView(Struct, frozen=True, kw_only=True):
    """A figure month by month: as a chart where it is a share, and as a table."""

    points: list[MonthView]
    target: int | None
    target_text: str
    sentence: str
    caption: str
    is_share: bool


class TableView(Struct, frozen=True, kw_only=True):
    """Departments or services under one figure."""

    head: str
    lines: list[LineView]
    folded: str
    """The names of hidden rows that were left out of a table which they would fill."""
    is_share: bool
    target: int | None
    target_text: str
    has_hidden: bool


class QualityPage(Struct, frozen=True, kw_only=True):
    """The page of a closed month."""

    period: str
    closed_on: date
    is_final: bool
    final_from: date
    window: str
    """The months of departments and services, in words."""
    months_counted: int
    is_young: bool
    """The window holds fewer than twelve months yet."""
    periods: list[Choice]
    departments_to_choose: list[Choice]
    figures: list[FigureView]
    commitments: dict[str, list[PageLink]]
    """Measure → the commitments of the policy of which it shows something."""
    measure: Measure
    measure_name: str
    measures_to_choose: list[Choice]
    course: CourseView | None
    departments: TableView
    services: TableView
    corrections: list[Restated]
    """What counts otherwise since the closing, with its reason; the newest first."""
    fingerprint: list[str]
    definitions: int


def page_of(session: Session, visit: Visit, sheet: Sheet, measure: Measure) -> QualityPage:
    city = visit.city
    is_first = sheet.window_from == sheet.period
    return QualityPage(
        period=sheet.period,
        closed_on=sheet.closed_at.astimezone(city.zone).date(),
        is_final=sheet.is_satisfaction_final,
        final_from=sheet.satisfaction_from,
        window=window_of(sheet),
        months_counted=len(sheet.trend[measure]),
        is_young=len(sheet.trend[measure]) < 12,
        periods=periods_of(sheet),
        departments_to_choose=[
            Choice("", _("All departments")),
            *(Choice(row.key, languages.in_language(row.name)) for row in city.department),
        ],
        figures=[
            figure_of(
                sheet.month[key],
                city=city,
                wider=None if is_first else sheet.year.get(key),
                is_final=is_final(sheet, key),
            )
            for key in SHOWN
        ],
        commitments={key: _commitments(visit, key) for key in SHOWN},
        measure=measure,
        measure_name=name_of(measure),
        measures_to_choose=[Choice(key, name_of(key)) for key in CHOSEN],
        course=None if is_first else _course(sheet, measure, city),
        departments=_table(session, visit, sheet, "department", measure),
        services=_table(session, visit, sheet, "service", measure),
        corrections=restate.of_period(session, sheet.period, city.zone),
        fingerprint=[sheet.digest[start : start + 8] for start in range(0, len(sheet.digest), 8)],
        definitions=sheet.definitions,
    )


def periods_of(sheet: Sheet) -> list[Choice]:
    return [Choice(month, languages.month(month)) for month in sheet.months]


def is_final(sheet: Sheet, measure: Measure) -> bool:
    return sheet.is_satisfaction_final or measure not in measures.SATISFACTION


def window_of(sheet: Sheet) -> str:
    return window_text(
        Cell(measure="received", level="shown", window_from=sheet.window_from, window_to=sheet.period)
    )


def _course(sheet: Sheet, measure: Measure, city: City) -> CourseView:
    points = [month_of(cell, city=city) for cell in sheet.trend[measure]]
    target = city.find_target(measure)
    return CourseView(
        points=points,
        target=target.permille if target else None,
        target_text=target_text(target, city) if target else "",
        sentence=_sentence(sheet, measure, points),
        caption="" if is_final(sheet, measure) else _("The last month is provisional."),
        is_share=measure in SHARES,
    )


def _sentence(sheet: Sheet, measure: Measure, points: list[MonthView]) -> str:
    """What the chart shows, for those who don't see it."""
    told = [point for point in points if point.share is not None]
    months = {
        "name": name_of(measure),
        "first": languages.month(sheet.window_from),
        "last": languages.month(sheet.period),
    }
    if not told:
        return _("%(name)s by month, %(first)s to %(last)s: no month can be shown.") % months
    if len(told) == 1:
        only = {"month": told[0].long_label, "value": told[0].value_text}
        return _("%(name)s by month, %(first)s to %(last)s: only %(month)s can be shown (%(value)s).") % {
            **months,
            **only,
        }
    most, least = max(told, key=_share_of), min(told, key=_share_of)
    return _(
        "%(name)s by month, %(first)s to %(last)s: most in %(best)s (%(most)s), least in %(worst)s (%(least)s), "
        "at the end %(now)s."
    ) % {
        **months,
        "best": most.long_label,
        "most": most.value_text,
        "worst": least.long_label,
        "least": least.value_text,
        "now": points[-1].value_text.rstrip("."),
    }


def _share_of(point: MonthView) -> int:
    return point.share or 0


def _table(
    session: Session, visit: Visit, sheet: Sheet, scope: Literal["department", "service"], measure: Measure
) -> TableView:
    city = visit.city
    found = disclose.lines(session, city=city, sheet=sheet, scope=scope, measure=measure)
    hidden = [line.key for line in found if line.cell.level == "hidden"]
    folded = hidden if len(hidden) >= FOLDED_FROM else []
    rows = [
        line_of(
            line.cell,
            name=_name_of_key(city, scope, line.key),
            city=city,
            sheet=sheet,
            href=_href(visit, sheet, line.key) if scope == "department" else "",
        )
        for line in found
        if line.key not in folded
    ]
    whole = sheet.year.get(measure)
    if whole is not None:
        rows.insert(
            0, line_of(whole, name=_("The whole municipality"), city=city, sheet=sheet, is_whole=True)
        )
    target = city.find_target(measure)
    return TableView(
        head=_("Department") if scope == "department" else _("Service"),
        lines=rows,
        folded=" · ".join(_name_of_key(city, scope, key) for key in folded),
        is_share=measure in SHARES,
        target=target.permille if target else None,
        target_text=target_text(target, city) if target else "",
        has_hidden=any(line.cell.level in ("hidden", "count_only") for line in found),
    )


def _name_of_key(city: City, scope: str, key: str) -> str:
    if key == measures.NOT_ASSIGNED:
        return _("Not assigned") if scope == "department" else _("Service not known")
    known = city.departments.get(key) if scope == "department" else city.services.get(key)
    if known is None:
        return _("%(key)s (earlier)") % {"key": key}
    return languages.in_language(known.name)


def _href(visit: Visit, sheet: Sheet, key: str) -> str:
    if key not in visit.city.departments:
        return ""
    newest = sheet.period == sheet.months[0]
    return visit.here(f"/service-quality/{key}") + ("" if newest else f"?period={sheet.period}")


def _commitments(visit: Visit, measure: Measure) -> list[PageLink]:
    return [
        PageLink(row.id, visit.here(f"/policy#commitment-{row.id}"))
        for row in visit.city.quality.commitment
        if measure in row.measures
    ]
