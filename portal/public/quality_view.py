"""What the page of service quality shows of a closed month: figures, their course, departments and services.

The handlers are in `service_quality.py`; what may be shown was decided in `feedback/quality/disclose.py`.
"""

from __future__ import annotations

from datetime import date
from typing import Literal
from urllib.parse import urlencode

from msgspec import Struct
from sqlmodel import Session

from feedback.city.part import Measure
from feedback.city.profile import City
from feedback.quality import disclose, measures, restate
from feedback.quality.disclose import Sheet
from feedback.quality.restate import Restated
from feedback.quality.suppression import SHARES, Cell
from portal import languages
from portal.languages import gettext as _
from portal.pages import PageLink, Visit
from portal.public.course import CourseView, aim_of, chart_axis, course_of
from portal.public.definitions import SHOWN, name_of
from portal.public.figure_words import target_text, window_text
from portal.public.figures import FigureView, LineView, figure_of, line_of

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


class TableView(Struct, frozen=True, kw_only=True):
    """Departments or services under one figure."""

    head: str
    lines: list[LineView]
    folded: str
    """The names of hidden rows that were left out of a table which they would fill."""
    is_share: bool
    target: int | None
    """Where the mark of the target stands on the tracks."""
    target_text: str
    track_text: str
    """From where to where the tracks go, and what they show."""
    track_brief: str
    """Only from where to where, beside each track on a phone."""
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
    measures_to_choose: list[PageLink]
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
        measures_to_choose=[
            PageLink(name_of(key), _following(visit, sheet, key), key == measure) for key in CHOSEN
        ],
        course=None
        if is_first
        else course_of(sheet.trend[measure], measure, city=city, is_final=is_final(sheet, measure)),
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


def _table(
    session: Session, visit: Visit, sheet: Sheet, scope: Literal["department", "service"], measure: Measure
) -> TableView:
    city = visit.city
    found = disclose.lines(session, city=city, sheet=sheet, scope=scope, measure=measure)
    hidden = [line.key for line in found if line.cell.level == "hidden"]
    folded = hidden if len(hidden) >= FOLDED_FROM else []
    whole = sheet.year.get(measure)
    target = city.find_target(measure)
    is_share = measure in SHARES
    cells = [line.cell for line in found] + ([whole] if whole else [])
    axis = None if is_share else chart_axis(cells, measure, target)
    ends = {"end": languages.percent(1) if axis is None else axis.end_text}
    rows = [
        line_of(
            line.cell,
            name=_name_of_key(city, scope, line.key),
            city=city,
            sheet=sheet,
            axis=axis,
            href=_href(visit, sheet, line.key) if scope == "department" else "",
        )
        for line in found
        if line.key not in folded
    ]
    if whole is not None:
        name = _("The whole municipality")
        rows.insert(0, line_of(whole, name=name, city=city, sheet=sheet, axis=axis, is_whole=True))
    return TableView(
        head=_("Department") if scope == "department" else _("Service"),
        lines=rows,
        folded=" · ".join(_name_of_key(city, scope, key) for key in folded),
        is_share=is_share,
        target=(aim_of(target) if axis is None else axis.at(aim_of(target))) if target else None,
        track_text=_("0 to %(end)s, with interval") % ends
        if axis is None
        else _("0 to %(end)s: from the median to nine in ten") % ends,
        track_brief=_("0 to %(end)s") % ends,
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


def _following(visit: Visit, sheet: Sheet, measure: Measure) -> str:
    """The address of the page that follows another figure, in the same month."""
    asked = [] if sheet.period == sheet.months[0] else [("period", sheet.period)]
    asked += [] if measure == CHOSEN[0] else [("measure", measure)]
    return visit.here("/service-quality") + (f"?{urlencode(asked)}" if asked else "") + "#course"


def _commitments(visit: Visit, measure: Measure) -> list[PageLink]:
    return [
        PageLink(row.id, visit.here(f"/policy#commitment-{row.id}"))
        for row in visit.city.quality.commitment
        if measure in row.measures
    ]
