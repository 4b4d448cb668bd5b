"""The quality policy: every commitment as printed, with its figures or the sentence that there is none."""

from __future__ import annotations

from tests.feedback.quality import made
from tests.town import Page, Town


def indicators(page: Page, commitment: str) -> list[str]:
    return [
        " ".join(row.get_text(" ").split())
        for row in page.soup.select(f"#commitment-{commitment} .indicator")
    ]


def test_each_commitment_stands_with_its_number_and_words(town: Town) -> None:
    for language in town.city.identity.languages:
        page = town.visitor(language).get("/policy")
        assert page.heading == town.city.quality.policy_title[language]
        assert town.city.quality.policy_source[language] in page.text
        numbers = [row.get_text() for row in page.soup.select(".commitment__number")]
        assert numbers == [row.id for row in town.city.quality.commitment]
        for row in town.city.quality.commitment:
            text = " ".join(town.city.policy[language].texts[row.id].split())
            assert text in page.field(f"#commitment-{row.id}")


def test_a_commitment_without_a_figure_says_so(town: Town) -> None:
    page = town.visitor().get("/policy")
    assert page.field("#commitment-3 .commitment__none") == "No figure here shows this yet."
    assert not page.soup.select("#commitment-1 .commitment__none")
    assert "2 of 3 commitments have a figure here." in page.text


def test_before_the_first_closing_the_figures_wait(town: Town) -> None:
    found = indicators(town.visitor().get("/policy"), "1")
    assert found[0] == "Answered within our promise no month is closed yet –"


def test_figures_show_the_newest_month_the_window_and_the_verdict(town: Town) -> None:
    made.close(town, "2026-09", month={"in_time_promise": (100, 90)})
    made.close(
        town,
        "2026-10",
        window_from="2026-09",
        month={
            "in_time_promise": (251, 198),
            "in_time_law": (3, 3),
            "time_to_answer": (251, 2401, 5760),
            "satisfied_outcome": (80, 61, 4, 212, 84),
        },
        year={
            "in_time_promise": (351, 288),
            "time_to_answer": (251, 2401, 5760),
            "satisfied_outcome": (80, 61),
        },
        satisfaction="provisional",
    )
    page = town.visitor().get("/policy")
    assert "The figures are those of October 2026" in page.text
    promised, law, time = indicators(page, "1")
    assert (
        promised == "Answered within our promise September 2026 to October 2026: 82 % 79 % Target 85 % missed"
    )
    assert law == "Answered within the legal deadline Hidden, so that nobody can be recognised –"
    assert "40 h 1 min Target 40 h missed" in time, "not rounded into the target"
    outcome = indicators(page, "2")[0]
    assert outcome.startswith(
        "Satisfied with the outcome provisional · September 2026 to October 2026: 76 % 76 %"
    )
    assert outcome.endswith("Target 75 % met")
