"""A case's whole way in a browser."""

from __future__ import annotations

from bench.proofs.making import Part, Row, run_tests


def ways() -> tuple[list[Row], str]:
    """The whole way of a case, as its people go it."""
    ran = run_tests("tests/journeys/test_browser.py")
    return [
        Row(
            "A case goes its whole way in Chromium, from the form to the figure on the public page",
            "written, asked, answered, rated, looked at again and counted: in Greek, Lithuanian and English, "
            "each with and without script; the figures counted apart by plain SQL, `verify` silent",
            "six ways of six" if ran.is_clean else ran.told,
            "all",
            ran.is_clean,
        )
    ], ""


PART = Part(
    "The whole way",
    "Citizens, clerks and the public page in a browser.",
    ways,
)
