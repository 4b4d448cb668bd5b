"""What strangers send does no harm, and nothing is kept of who wants to stay unknown."""

from __future__ import annotations

from bench.proofs.making import Part, Row, figure_of, has, run_tests


def senders() -> tuple[list[Row], str]:
    """Hostile files through the child and the portal; marked people through a real portal that logs everything."""
    ran = run_tests("tests/proof/test_hostile_files.py", "tests/proof/test_anonymous.py")
    files = "test_a_hostile_file_costs_little_and_leaves_nothing_evil"
    rows = [
        Row(
            "A file that means harm does none",
            "bombs, two kinds at once, broken and endless ones, PDFs that act, made by ourselves "
            "(`tests/proof/hostile_files.py`): each to the child that opens files, and five at a time to the portal, "
            "which answers in words or takes what is left of them",
            figure_of(ran, files),
            "60 files, each under 5 s of processor and 256 MB, no server error",
            has(ran, files) and has(ran, "test_the_portal_answers_each_in_words"),
        )
    ]
    for dialect in ("SQLite", "PostgreSQL"):
        named = f"test_nothing_of_an_anonymous_sender_is_stored_or_logged[{dialect.lower()}]"
        rows.append(
            Row(
                "Nothing of an anonymous sender is stored or logged",
                "people with marks in address, browser, language, cookie, referrer, name of the file, and all that a "
                "photo or PDF says of its maker, some of them refused at first; a real portal with its worker that "
                "logs at debug; then every byte that it wrote is searched: database, backup, files, mails, logs, "
                f"metrics; {dialect}",
                figure_of(ran, named),
                "300 messages, 0 traces",
                has(ran, named),
            )
        )
    return rows, ""


PART = Part("What strangers send", "Files are opened in a child that may do nothing else.", senders)
