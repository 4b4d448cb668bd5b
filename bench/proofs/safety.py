"""What was thanked for is there: kills, presses, writers at once, and the order of the system's calls."""

from __future__ import annotations

from bench.proofs.making import Part, Ran, Row, figure_of, has, run_tests

TESTS = ("tests/proof/test_served.py", "tests/portal/test_durable.py")


def safety() -> tuple[list[Row], str]:
    """Everything that a real portal goes through, at full size."""
    ran = run_tests(*TESTS)
    rows = []
    for dialect, kills in (("SQLite", 600), ("PostgreSQL", 200)):
        rows += [
            _figure(
                ran,
                f"test_whatever_was_thanked_for_is_there[{dialect.lower()}]",
                "What was thanked for is there, once and whole, however often the portal is killed",
                "twenty people at a real `kanali serve` with its worker: messages and additions with and without "
                "files, replies, answers of staff, ratings; SIGKILL of all its processes at a random moment, the same "
                "sent again; their own memory against database, files, outbox and ledger, `verify` and the database's "
                "own check silent; "
                f"{dialect}",
                f"{kills} kills, none lost, doubled or half-written",
            ),
            _figure(
                ran,
                f"test_pressing_twice_makes_one[{dialect.lower()}]",
                "Pressing twice makes one",
                "each of 200 keys posted 100 times at once over HTTP; then with other words: refused with the words "
                f"kept, and sent as another message; {dialect}",
                "200 items, one receipt each",
            ),
            _figure(
                ran,
                f"test_no_update_is_lost[{dialect.lower()}]",
                "No text of staff overwrites another, and none is lost",
                "8 people who open one case and send an answer, a question or a hand-over at once, 200 rounds; "
                "whoever was late saw both texts, and found the own one as a draft after signing in again; "
                f"{dialect}",
                "nothing overwritten, every late text found",
            ),
        ]
    return [
        *rows,
        _figure(
            ran,
            "test_the_disk_has_it_before_the_thanks",
            "The disk has a message before its sender is thanked",
            "`strace` on the web process while messages are sent: each 303 comes after the sync of what was written "
            "for it; SQLite",
            "all of 1,000",
        ),
        _seen(
            ran,
            "test_the_order_test_sees_a_database_that_spares_the_disk",
            "The measurement before would see a database that spares the disk",
            "the same with `synchronous=NORMAL` slipped in below the portal",
        ),
        _seen(
            ran,
            "test_postgresql_behind_a_pooler_that_drops_options_is_refused",
            "A connection that would thank for what is not on the disk is refused",
            "a pooler that drops the options of a connection, and a SQLite that spares the disk",
        ),
    ], ""


def _figure(ran: Ran, test: str, promise: str, how: str, budget: str) -> Row:
    return Row(promise, how, figure_of(ran, test), budget, has(ran, test))


def _seen(ran: Ran, test: str, promise: str, how: str) -> Row:
    is_seen = has(ran, test) and not ran.failed
    return Row(promise, how, "seen" if is_seen else "see the run", "seen", is_seen)


PART = Part(
    "Accepted means safe", "A portal of real processes, with people who remember what they were told.", safety
)
