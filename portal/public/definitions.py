"""The words of each figure: its name, the sentence that says what it counts, what it leaves out, where it comes from.

Each sentence says what `feedback/quality/measures.py` and `feedback/items/population.py` count, version
DEFINITIONS; a change there is a change here. The page with all of them is `service_quality.py`'s.
"""

from __future__ import annotations

from msgspec import Struct

from feedback.city.part import Measure
from feedback.city.profile import City
from feedback.quality import measures
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext

SHOWN: tuple[Measure, ...] = (
    "received",
    "answered",
    "in_time_law",
    "in_time_promise",
    "time_to_answer",
    "satisfied_outcome",
    "satisfied_handling",
    "second_looks",
)
"""The order in which pages show the figures."""


class Definition(Struct, frozen=True, kw_only=True):
    """What a figure means, for whoever reads it."""

    measure: Measure
    name: str
    sentence: str
    """What is counted, in one or two sentences."""
    left_out: str
    """What this figure leaves out beyond what counts nowhere; empty where nothing."""
    source: str
    """Which standard asks for it, and where its deadlines or questions come from."""


def define(measure: Measure, city: City) -> Definition:
    """The definition of a figure in the current language."""
    return Definition(
        measure=measure,
        name=name_of(measure),
        sentence=_sentence(measure, city),
        left_out=_left_out(measure),
        source=_source(measure),
    )


def name_of(measure: Measure) -> str:
    """The name under which a figure stands on every page."""
    return {
        "received": _("Cases received"),
        "answered": _("Cases answered"),
        "second_looks": _("Second looks"),
        "in_time_law": _("Answered within the legal deadline"),
        "in_time_promise": _("Answered within our promise"),
        "time_to_answer": _("Working time to the answer"),
        "satisfied_outcome": _("Satisfied with the outcome"),
        "satisfied_handling": _("Satisfied with how it was handled"),
    }[measure]


def none_of(measure: Measure) -> str:
    """What is said where there was nothing to count."""
    return {
        "received": _("No case was received."),
        "answered": _("No case was answered."),
        "second_looks": _("Nobody asked for a second look."),
        "in_time_law": _("No legal deadline fell in this period."),
        "in_time_promise": _("No promised day fell in this period."),
        "time_to_answer": _("No case was answered."),
        "satisfied_outcome": _("Nobody who was asked in this period rated the outcome."),
        "satisfied_handling": _("Nobody who was asked in this period rated the handling."),
    }[measure]


def _sentence(measure: Measure, city: City) -> str:
    survey = city.survey
    if measure in measures.SATISFACTION:
        question = survey.outcome if measure == "satisfied_outcome" else survey.handling
        asked = ngettext(
            "Everybody is asked once for each answer, %(num)s working day after it, and counts in the "
            "month of that invitation.",
            "Everybody is asked once for each answer, %(num)s working days after it, and counts in the "
            "month of that invitation.",
            survey.delay_working_days,
        ) % {"num": survey.delay_working_days}
        rated = _(
            "Of the people who answered “%(question)s” with one of five steps, the share that chose 4 or 5."
        ) % {"question": languages.in_language(question)}
        return f"{rated} {asked}"
    return {
        "received": _(
            "Cases by the day on which they reached us, whichever way they came. A case that its sender "
            "withdrew before the answer counts here and in no other figure."
        ),
        "answered": _(
            "Cases by the day of their first answer, whatever its outcome. The answer to a second look "
            "counts again."
        ),
        "second_looks": _(
            "Cases that their sender asked us to look at again, or that we reopened ourselves, by the "
            "day on which that happened. They are not counted as received once more."
        ),
        "in_time_law": _(
            "Of the cases whose legal deadline fell in the period, the share that was answered on that "
            "day or before. A case without an answer counts as late."
        ),
        "in_time_promise": _(
            "Of the cases whose promised day fell in the period, the share that was answered on that day "
            "or before. A case without an answer counts as late. The time during which we waited for the "
            "sender moves the promised day."
        ),
        "time_to_answer": _(
            "Office hours from the receipt of a case, or from the request for a second look, to the "
            "first answer, for the answers given in the period, less the time during which our promise "
            "was paused because we were waiting for the sender. Half of the answers took no longer than "
            "the median, nine in ten no longer than the second value. There is no average, because a few "
            "very old cases would decide it."
        ),
    }[measure]


def _left_out(measure: Measure) -> str:
    return {
        "in_time_law": _("Left out: kinds of message for which no law sets a deadline."),
        "in_time_promise": _("Left out: cases whose service is not known, which have no promise."),
        "satisfied_outcome": _("“I can’t say” is left out of the share and stated beside it."),
        "satisfied_handling": _("“I can’t say” is left out of the share and stated beside it."),
    }.get(measure, "")


def _source(measure: Measure) -> str:
    return {
        "received": _("Source: ISO 9001, 9.1.3; ISO 10002; CAF 2020, 6.2."),
        "answered": _("Source: ISO 9001, 9.1.3; ISO 10002; CAF 2020, 6.2."),
        "second_looks": _("Source: ISO 10002."),
        "in_time_law": _("Source: the legal deadlines that stand on each receipt; CAF 2020, 6.2."),
        "in_time_promise": _(
            "Source: the municipality’s own promise for each service; ISO 9001, 9.1.3; CAF 2020, 6.2."
        ),
        "time_to_answer": _("Source: ISO 9001, 9.1.3; CAF 2020, 6.2."),
        "satisfied_outcome": _("Source: ISO 9001, 9.1.2; ISO 10004; CAF 2020, 6.1."),
        "satisfied_handling": _("Source: ISO 9001, 9.1.2; ISO 10004; CAF 2020, 6.1."),
    }[measure]
