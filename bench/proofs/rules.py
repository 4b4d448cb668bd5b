"""The pure rules and the life of a case, at full size."""

from __future__ import annotations

from bench.proofs.making import Part, Row, has, run_tests

PROPERTIES = (
    *("tests/proof/test_arithmetic.py", "tests/proof/test_codes.py", "tests/proof/test_suppression.py"),
    *("tests/proof/test_lifecycle.py", "tests/feedback/quality/test_measures.py"),
    *("tests/feedback/quality/test_suppression.py", "tests/feedback/deadlines/test_reckoning_properties.py"),
)


def properties() -> tuple[list[Row], str]:
    """The rules, at up to twenty thousand tries each."""
    ran = run_tests(*PROPERTIES, "-n", "2")
    return [
        Row(
            "The rules hold for whatever comes: deadlines, promises, working days, codes, keys, percentiles, "
            "intervals, small numbers",
            "random cases against independent slow arithmetic: 100,000 lives of the law's clock (never before the "
            "start, monotone in start and days, waiting never shortens, a wait cut in two changes nothing, a replay "
            "gives what single steps gave), 20,000 for wrong characters in codes, percentiles and "
            "intervals, 2,000 for other codes, keys, days, promises and deadlines, 1,000 for small numbers",
            ran.told,
            "no counterexample",
            ran.is_clean,
        ),
        Row(
            "A case goes only the ways that it may, in whatever order things come",
            "60 lives on each database, in each up to four cases that have come some way and up to 40 random deeds, "
            "against a small model, and one way through every deed; `verify` silent",
            "no difference" if has(ran, "test_any_order_of_deeds") and not ran.failed else "see the run",
            "no difference",
            has(ran, "test_any_order_of_deeds") and not ran.failed,
        ),
    ], ""


PART = Part(
    "The rules",
    "Random cases against independent counts and a small model.",
    properties,
)
