"""Changes behind the ledger's back, with and without a kept head."""

from __future__ import annotations

from bench.proofs.making import Part, Row, has, run_tests


def changes() -> tuple[list[Row], str]:
    """Changes behind the ledger's back."""
    ran = run_tests("tests/proof/test_two_hundred_changes.py", "tests/proof/test_held_head.py")
    rows = []
    for dialect in ("SQLite", "PostgreSQL"):
        is_found = has(ran, f"test_two_hundred_changes_are_all_found[{dialect}]")
        rows.append(
            Row(
                "`kanali verify` finds every change made directly in the database",
                "a lived-through town; for each of ten seeds 50 edits, 50 deletions (25 of them last notes), 50 "
                f"insertions and 50 swaps without the triggers that forbid them, each undone again; {dialect}",
                f"{2000 if is_found else 0:,} of 2,000 found",
                "all",
                is_found and not ran.failed,
            )
        )
        is_found = has(ran, f"test_every_forgery_is_found_with_a_head_that_was_kept[{dialect}]")
        rows.append(
            Row(
                "With a head of the log that was kept, `kanali verify --head` finds also what fits together again",
                "the same town with a head every three notes; 200 each of: the log cut off behind the head, the last "
                "notes of a case taken back with their rows, facts rewritten with every hash that follows, notes put "
                f"into the past, leaves exchanged; each undone again; {dialect}",
                f"{1000 if is_found else 0:,} of 1,000 found",
                "all",
                is_found and not ran.failed,
            )
        )
    return rows, ""


PART = Part(
    "The ledger",
    "What `verify` can show and what it can't: [decision 3](decisions/0003-what-verify-can-show.md).",
    changes,
)
