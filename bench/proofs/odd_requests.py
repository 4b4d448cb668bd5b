"""Whatever is asked, of every route and over a real line."""

from __future__ import annotations

from bench.proofs.making import Part, Row, figure_of, has, run_tests


def odd_requests() -> tuple[list[Row], str]:
    """Fifty thousand requests that nobody would send, half on each database, and broken bytes over a socket."""
    ran = run_tests("tests/proof/test_fuzz.py", "tests/proof/test_raw_bytes.py")
    rows = []
    for dialect in ("SQLite", "PostgreSQL"):
        named = f"test_whatever_is_asked_is_answered_well_and_soon[{dialect}]"
        rows.append(
            Row(
                "Whatever is asked of whichever route is answered: no server error, nothing that takes long",
                "25,000 requests, each route and method in turn, fragments too, made of the portal's own pages and "
                "forms with odd values, parts, questions, bodies, headers and cookies, by eight actors with cases in "
                f"every state; afterwards `verify` silent; {dialect}",
                figure_of(ran, named),
                "0 server errors, none over 5 s",
                has(ran, named),
            )
        )
    broken = "test_random_faults_in_the_bytes_of_good_requests_do_no_harm"
    rows.append(
        Row(
            "Bytes that are no proper HTTP harm nobody",
            "over real sockets to the server as it is run: two lengths, a length and chunks, 64 KB of header, half "
            "requests and 4,000 good ones with random faults in their bytes",
            figure_of(ran, broken),
            "0 server errors",
            has(ran, broken) and not ran.failed,
        )
    )
    return rows, ""


PART = Part(
    "Odd requests",
    "Every route of the table is asked, so a new one is in here by itself (`tests/proof/fuzz_cases.py`).",
    odd_requests,
)
