"""Who may see what: every route, person and case beside a table; equal answers; a crawl for foreign marks."""

from __future__ import annotations

from bench.proofs.making import Part, Row, figure_of, has, run_tests

TESTS = {
    "test_everybody_is_answered_at_every_route_as_the_oracle_says": (
        "Everybody is shown what is theirs to see, and nothing else",
        (
            "every route and method × 11 people (nobody, the holder of a code, clerk, responder and head of the own "
            "and of another department, quality manager, administrator, auditor, a disabled account) × 6 cases "
            "(of one's own department, of another, restricted, restricted and named, closed, never given), beside "
            "a table written by hand (`tests/proof/oracle.csv`)"
        ),
        "no cell wrong",
    ),
    "test_what_is_hidden_and_what_never_was_are_one_answer_of_the_same_statements": (
        "A restricted case and one that does not exist are one answer",
        "status, headers and bytes of every route of cases, on SQLite each statement too; then 1,000 interleaved pairs",
        "the same; medians within 5 ms",
    ),
    "test_nobody_meets_a_mark_of_a_case_that_is_not_theirs": (
        "Nobody meets a word of a case that is not theirs",
        (
            "2,000 cases with a mark of their own in text, place, name, address, question, reply, answer, second look "
            "and reason; seven of the staff, a stranger and the holder of a code follow each link and filter and guess "
            "numbers; every mail is read"
        ),
        "no foreign mark",
    ),
}
"""Test → what it shows, how, and what must come out."""


def sight() -> tuple[list[Row], str]:
    """The tests of sight at full size, on both databases."""
    ran = run_tests("tests/proof/test_sight.py")
    rows = []
    for dialect in ("SQLite", "PostgreSQL"):
        for test, (promise, how, budget) in TESTS.items():
            name = f"{test}[{dialect.lower()}]"
            rows.append(Row(promise, f"{how}; {dialect}", figure_of(ran, name), budget, has(ran, name)))
    return rows, ""


PART = Part("Who may see what", "The town of the tests, with a person and a case of each sort.", sight)
