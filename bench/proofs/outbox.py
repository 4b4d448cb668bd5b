"""Mails and webhooks through servers that fail, while workers are killed."""

from __future__ import annotations

from bench.proofs.making import Part, Row, figure_of, has, run_tests


def outbox() -> tuple[list[Row], str]:
    """5,000 messages on each database, and every way into the house that a webhook could be given."""
    ran = run_tests("tests/proof/test_outbox.py", "tests/portal/test_webhooks.py", "tests/feedback/webhooks")
    rows = [
        Row(
            "What is to be sent arrives, once by its key, whoever fails and dies meanwhile",
            f"{dialect}: mails through a server (aiosmtpd) that refuses, hangs and hangs up at each stage, webhooks "
            "over https to a receiver that answers 4xx and 5xx, hangs, drips, and cuts the connection at each stage; "
            "workers are killed and started again; every message compared with what the servers have kept",
            figure_of(ran, f"whoever_fails_and_dies[{dialect.lower()}]"),
            "0 lost, 0 twice by key",
            has(ran, f"whoever_fails_and_dies[{dialect.lower()}]"),
        )
        for dialect in ("SQLite", "PostgreSQL")
    ]
    rows.append(
        Row(
            "A webhook never reaches into the house",
            "more than eighty forms of an address, forty addresses that are not public, names that change between two "
            "questions, redirects; a listener on the loopback that would see a connection",
            ran.told,
            "0 connections",
            ran.is_clean,
        )
    )
    return rows, ""


PART = Part(
    "The outbox",
    "Real servers that fail by a plan, real workers in processes of their own by a clock that runs 60 times as fast, "
    "leases of three seconds.",
    outbox,
)
