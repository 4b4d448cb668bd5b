"""The page of service quality: what was counted stands there, what is too small does not, and the way to each month."""

from __future__ import annotations

import re

import pytest

from feedback.city.part import Measure
from feedback.deadlines import promise
from portal.closing import close_month, freeze_what_is_due
from portal.public.definitions import SHOWN
from tests.feedback.custody.lived import ask_how_it_went, rate
from tests.feedback.quality import made
from tests.town import Page, Town

GOOD: made.Numbers = {
    "received": (263,),
    "answered": (251,),
    "second_looks": (12,),
    "in_time_law": (251, 241),
    "in_time_promise": (251, 198),
    "time_to_answer": (251, 1860, 5760),
    "satisfied_outcome": (80, 61, 4, 212, 84),
    "satisfied_handling": (82, 70, 2, 212, 84),
}
DEPARTMENTS: dict[str, made.Numbers] = {
    "dept-a": {"in_time_promise": (150, 128), "time_to_answer": (150, 1800, 5000), "received": (160,)},
    "dept-b": {"in_time_promise": (80, 60), "time_to_answer": (80, 1900, 5800), "received": (81,)},
    "-": {"in_time_promise": (21, 10), "received": (22,)},
}


def figure(page: Page, measure: Measure) -> str:
    return page.field(f"#{measure}")


def rows(page: Page, caption: str) -> dict[str, str]:
    """First cell → the others, of the table under a heading that begins so."""
    for heading in page.soup.find_all("h3"):
        if heading.get_text(" ").strip().startswith(caption):
            table = heading.find_next("table")
            assert table is not None
            return {
                " ".join(row.th.get_text(" ").split()): " ".join(
                    " ".join(cell.get_text(" ") for cell in row.find_all("td")).split()
                )
                for row in table.select("tbody tr")
            }
    raise AssertionError(caption)


def test_before_the_first_closing_the_page_says_when_it_will_be(town: Town) -> None:
    page = town.visitor().get("/service-quality")
    assert page.status == 200
    assert "No month is closed yet. The first one is November 2026." in page.text
    assert "Thursday 10 December 2026" in page.text
    assert town.visitor().get("/service-quality/dept-a").status == 200


def test_the_figures_of_a_lived_month_are_those_that_one_counts_by_hand(town: Town) -> None:
    reports = [town.citizen_reports(f"Lamp {n} is dark", service="street-lighting") for n in range(12)]
    by = town.account()
    for days in range(11):
        town.later(hours=24)
        if days < 11 and town.today.weekday() < 5:
            town.answers(reports[days], by=by)
    town.at("2026-11-20 17:00")
    assert ask_how_it_went(town) == 9
    for report in reports[:1]:
        rate(town, report, outcome=5, handling=1)
    town.at("2026-12-10 09:00")
    close_month(town.database, period="2026-11", now=town.now)
    page = town.visitor().get("/service-quality")
    assert page.heading == "Service quality in November 2026"
    assert figure(page, "received").startswith("Cases received 12 ")
    assert figure(page, "answered").startswith("Cases answered 9 ")
    # Promised for Monday the 9th: answered on the 3rd to the 6th and on the 9th.
    assert "42 %" in figure(page, "in_time_promise")
    assert "5 of 12 cases due" in figure(page, "in_time_promise")
    assert "Target 85 % missed" in figure(page, "in_time_promise")
    assert "few cases" in figure(page, "in_time_promise")
    assert "Hidden, so that nobody can be recognised." in figure(page, "satisfied_outcome")
    assert "Only satisfaction is provisional" in page.text
    town.at("2026-12-16 09:00")
    assert freeze_what_is_due(town.database, now=town.now) == 1
    assert "Only satisfaction is provisional" not in town.visitor().get("/service-quality").text


def test_the_page_begins_with_how_many_targets_were_met(town: Town) -> None:
    made.close(town, "2026-10", month=GOOD)
    page = town.visitor().get("/service-quality")
    assert page.field(".verdicts") == "Targets met: 4 of 5. Missed: Answered within our promise ."
    [missed] = page.soup.select(".verdicts a")
    assert page.soup.select_one(str(missed["href"])) is not None


def test_each_figure_stands_with_n_interval_verdict_and_definition(town: Town) -> None:
    made.close(town, "2026-10", month=GOOD)
    page = town.visitor().get("/service-quality")
    law, promised = figure(page, "in_time_law"), figure(page, "in_time_promise")
    assert "96 % 241 of 251 cases due Interval: 92.8 to 97.8 %" in law
    assert "Target 95 % met" in law
    assert "The target lies inside the interval" in law
    assert "79 % 198 of 251 cases due Interval: 73.4 to 83.5 %" in promised
    assert "Target 85 % missed" in promised
    assert "The target lies inside the interval" not in promised
    assert "Of the cases whose promised day fell in the period" in promised
    outcome = figure(page, "satisfied_outcome")
    assert "76 % 61 of 80 ratings" in outcome
    assert "Answered: 84 of 212 people asked (40 %) 4 said “I can’t say”" in outcome
    assert town.city.survey.outcome["en"] in outcome
    assert outcome.endswith("Commitment: 2")


def test_working_time_is_said_in_hours_and_in_the_citys_days(town: Town) -> None:
    assert promise.minutes_of_days(1, town.city.calendar.office_hours) == 480
    made.close(town, "2026-10", month=GOOD)
    text = figure(town.visitor().get("/service-quality"), "time_to_answer")
    assert "31 h Median of 251 answers: 3 working days and 7 hours" in text
    assert "Nine in ten within 96 h: 12 working days The bar goes from 0 to 100 h" in text
    assert "Target 40 h met" in text


@pytest.mark.parametrize(
    ("numbers", "value"),
    [((2000, 1699), "84.95 %"), ((400, 399), "99.8 %"), ((400, 400), "100 %"), ((2000, 1700), "85 %")],
)
def test_rounding_neither_meets_a_missed_target_nor_makes_nearly_all_of_them_all(
    town: Town, numbers: tuple[int, int], value: str
) -> None:
    made.close(town, "2026-10", month={"in_time_promise": numbers})
    text = figure(town.visitor().get("/service-quality"), "in_time_promise")
    assert f"Answered within our promise {value} " in text


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "No promised day fell in this period."),
        (4, "Hidden, so that nobody can be recognised."),
        (7, "7 cases due: only the number is shown. We show more from 10 on"),
    ],
)
def test_what_is_too_small_is_said_in_words(town: Town, n: int, words: str) -> None:
    made.close(town, "2026-10", month={"in_time_promise": (n, n // 2)})
    page = town.visitor().get("/service-quality")
    section = page.soup.select_one("#in_time_promise")
    assert section is not None
    assert f"Answered within our promise {words}" in figure(page, "in_time_promise")
    assert not section.select(".figure__value")
    assert not section.select("svg.track")
    assert "Target" not in section.get_text()


def test_no_page_holds_a_hidden_number(town: Town) -> None:
    secret = {"in_time_promise": (4, 3), "satisfied_outcome": (4, 3, 1, 77, 66)}
    made.close(
        town,
        "2026-10",
        month=GOOD,
        departments={
            "dept-a": {"in_time_promise": (150, 128), "satisfied_outcome": (70, 55, 1, 99, 71)},
            "dept-b": secret,
            "dept-c": {"in_time_promise": (97, 67), "satisfied_outcome": (36, 23, 0, 88, 40)},
        },
    )
    for path in ("/service-quality", "/service-quality/dept-b", "/service-quality/dept-c"):
        for measure in ("in_time_promise", "satisfied_outcome"):
            text = town.visitor().get(path, measure=measure).text
            assert not re.search(r"\b(3 of 4|67 of 97|23 of 36|77|66|88)\b", text)


def test_departments_stand_in_the_citys_order_with_the_whole_and_the_unassigned(town: Town) -> None:
    made.close(town, "2026-10", month=GOOD, departments=DEPARTMENTS)
    page = town.visitor().get("/service-quality")
    found = rows(page, "By department")
    assert list(found) == ["The whole municipality", "Department A", "Department B", "Not assigned"]
    assert found["Department A"] == "128 of 150 85 % 78.8 to 90.1 %"
    assert found["Not assigned"].endswith("few cases")
    assert [link["href"] for link in page.soup.select("tbody th a")] == [
        "/en/service-quality/dept-a",
        "/en/service-quality/dept-b",
    ]


def test_the_figure_to_follow_can_be_chosen(town: Town) -> None:
    made.close(town, "2026-10", month=GOOD, departments=DEPARTMENTS)
    page = town.visitor().get("/service-quality", measure="time_to_answer")
    assert page.field(".follow [aria-current]") == "Working time to the answer"
    assert page.value("measure") == "time_to_answer", "kept while another month is chosen"
    assert [str(link["href"]) for link in page.soup.select(".follow a")][:2] == [
        "/en/service-quality#course",
        "/en/service-quality?measure=in_time_law#course",
    ]
    assert rows(page, "By department")["Department A"] == "150 30 h 83 h"
    assert town.visitor().get("/service-quality", measure="received").status == 404


def test_working_time_has_its_chart_with_median_and_nine_in_ten(town: Town) -> None:
    made.close(town, "2026-09", month={**GOOD, "time_to_answer": (240, 2460, 7000)})
    made.close(town, "2026-10", window_from="2026-09", month=GOOD, departments=DEPARTMENTS)
    page = town.visitor().get("/service-quality", measure="time_to_answer")
    chart = page.soup.select_one("figure.chart svg[role=img]")
    assert chart is not None
    assert "highest in September 2026 (41 h)" in str(chart["aria-label"]).replace(" h", " h")
    assert len(chart.select(".chart__dot")) == 2
    assert len(chart.select(".chart__dot--missed")) == 1, "September missed 40 hours by one"
    table = page.soup.select_one("figure.chart table")
    assert table is not None
    text = " ".join(table.get_text(" ").split())
    assert "September 2026 41 h 240 117 h target missed October 2026 31 h 251 96 h target met" in text


def test_few_ratings_are_called_ratings(town: Town) -> None:
    made.close(town, "2026-10", month={**GOOD, "satisfied_outcome": (22, 15, 0, 60, 22)})
    visitor = town.visitor()
    assert "few ratings" in figure(visitor.get("/service-quality"), "satisfied_outcome")
    assert not visitor.get("/service-quality").soup.find("span", class_="tag", string="few cases")
    assert "few ratings" in visitor.get("/").text
    assert "few ratings" in visitor.get("/policy").text


def test_a_row_with_older_dates_says_so(town: Town) -> None:
    made.close(town, "2026-09", month=GOOD, departments=DEPARTMENTS)
    made.close(
        town,
        "2026-10",
        window_from="2026-09",
        month=GOOD,
        departments={"dept-a": {"in_time_promise": (190, 160)}},
    )
    found = rows(town.visitor().get("/service-quality"), "By department")
    assert {"Department A", "Department B September 2026"} <= set(found)


def test_many_hidden_rows_are_named_in_one_sentence(town: Town) -> None:
    small: made.Numbers = {"in_time_promise": (2, 1)}
    made.close(
        town,
        "2026-10",
        month=GOOD,
        services=dict.fromkeys((*town.city.services, "-"), small),
    )
    page = town.visitor().get("/service-quality")
    assert list(rows(page, "By service")) == ["The whole municipality"]
    assert "Hidden, so that nobody can be recognised: Street lighting · Roads · Noise" in page.text


def test_the_course_is_a_chart_and_the_same_as_a_table(town: Town) -> None:
    made.close(town, "2026-08", month={**GOOD, "in_time_promise": (200, 180)})
    made.close(town, "2026-09", window_from="2026-08", month={**GOOD, "in_time_promise": (6, 5)})
    made.close(town, "2026-10", window_from="2026-08", month=GOOD)
    page = town.visitor().get("/service-quality")
    chart = page.soup.select_one("figure.chart svg[role=img]")
    assert chart is not None
    assert "only August 2026 can be shown (90\N{NO-BREAK SPACE}%)" in str(chart["aria-label"])
    table = page.soup.select_one("figure.chart table")
    assert table is not None
    text = " ".join(table.get_text(" ").split())
    assert "August 2026 90 % 180 of 200" in text
    assert "September 2026 6 cases due: only the number is shown." in text
    assert "October 2026 251 cases due: only the number is shown." in text, (
        "or September followed from the window"
    )
    assert "The record is young: it holds 3 months." in page.text


def test_where_no_month_can_be_shown_there_is_a_sentence_and_no_empty_chart(town: Town) -> None:
    few: made.Numbers = {**GOOD, "in_time_promise": (3, 2)}
    made.close(town, "2026-09", month=few)
    made.close(town, "2026-10", window_from="2026-09", month=few)
    page = town.visitor().get("/service-quality")
    assert not page.soup.select("figure.chart")
    assert "September 2026 to October 2026: no month can be shown." in page.text


def test_every_closed_month_keeps_its_page(town: Town) -> None:
    made.close(town, "2026-09", month={**GOOD, "received": (111,)})
    made.close(town, "2026-10", window_from="2026-09", month=GOOD)
    visitor = town.visitor()
    newest = visitor.get("/service-quality")
    assert [str(option["value"]) for option in newest.soup.select("#period option")] == ["2026-10", "2026-09"]
    older = visitor.get("/service-quality", period="2026-09")
    assert (older.heading, older.value("period")) == ("Service quality in September 2026", "2026-09")
    assert figure(older, "received").startswith("Cases received 111 ")
    for unknown in ("2026-11", "2026-08", "x", "2026-10%00"):
        assert visitor.get("/service-quality", period=unknown).status == 404


def test_choosing_a_department_leads_to_its_page(town: Town) -> None:
    made.close(town, "2026-09", month=GOOD, departments=DEPARTMENTS)
    made.close(town, "2026-10", window_from="2026-09", month=GOOD, departments=DEPARTMENTS)
    visitor = town.visitor()
    chosen = visitor.get("/service-quality", department="dept-b", period="2026-09")
    assert (chosen.status, chosen.location) == (303, "/en/service-quality/dept-b?period=2026-09")
    page = visitor.get(chosen.location)
    assert page.heading == "Department B"
    assert "75 % 60 of 80 cases due" in figure(page, "in_time_promise")
    assert "Nobody who was asked in this period rated the outcome." in figure(page, "satisfied_outcome")
    assert visitor.get("/service-quality", department="dept-x").status == 404
    assert visitor.get("/service-quality/dept-x").status == 404
    assert visitor.get("/service-quality", department="dept-b", period="//evil").location.endswith("/dept-b")


def test_the_fingerprint_is_that_of_the_record(town: Town) -> None:
    made.close(town, "2026-10", month=GOOD)
    page = town.visitor().get("/service-quality")
    assert page.field("#fingerprint").replace(" ", "") == "0123456789abcdef" * 4


def test_the_definitions_name_each_figure_with_its_target_and_the_law(town: Town) -> None:
    page = town.visitor().get("/service-quality/definitions")
    assert [str(section["id"]) for section in page.soup.select("section[id]")] == list(SHOWN)
    assert "Target of the municipality: at least 85 %." in page.text
    assert "a median of at most 5 working days" in page.text
    assert "Riverton Act, article 10" in page.text
    assert "A working day of the municipality: 8 hours." in page.text
    assert page.text.count("spam and tests") == 1
    assert "Fewer than 5 cases are hidden" in page.text
    assert re.search(r"Street lighting\s+5 working days", page.text)


@pytest.mark.parametrize(
    "path", ["/service-quality", "/service-quality/dept-a", "/service-quality/definitions", "/policy"]
)
def test_the_pages_are_whole_in_each_language(town: Town, path: str) -> None:
    made.close(town, "2026-09", month=GOOD, departments=DEPARTMENTS)
    made.close(
        town,
        "2026-10",
        window_from="2026-09",
        month=GOOD,
        departments=DEPARTMENTS,
        satisfaction="provisional",
    )
    for language in town.city.identity.languages:
        page = town.visitor(language).get(path)
        assert page.status == 200
        html = page.response.text
        assert not re.search(r"\sstyle=|<script(?! src=)|\son[a-z]+=|%\(|%%", html)
        ids = [str(tag["id"]) for tag in page.soup.find_all(id=True)]
        assert len(ids) == len(set(ids))


def test_home_shows_the_three_figures_of_the_newest_month(town: Town) -> None:
    made.close(town, "2026-10", month={**GOOD, "satisfied_outcome": (3, 2, 0, 9, 3)})
    page = town.visitor().get("/")
    assert "How we did in October 2026" in page.text
    figures = [" ".join(figure.get_text(" ").split()) for figure in page.soup.select(".figures > .figure")]
    assert len(figures) == 3
    assert figures[1].startswith("Answered within our promise 79 % 198 of 251 cases due")
    assert figures[1].endswith("Target 85 % missed")
    assert figures[2] == "Satisfied with the outcome Hidden, so that nobody can be recognised."
