"""The states of an item and the moves between them: one table, from which everything else derives.

Rules only. Words for the states are in templates; Open311's two states are `open311_status`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from feedback.errors import MoveRefused

State = Literal["received", "open", "waiting", "answered", "closed", "withdrawn", "merged", "void"]
STATES: tuple[State, ...] = (
    "received",
    "open",
    "waiting",
    "answered",
    "closed",
    "withdrawn",
    "merged",
    "void",
)
RUNNING: frozenset[State] = frozenset({"received", "open", "waiting"})
"""Something is asked of the city."""
ENDS: frozenset[State] = frozenset({"withdrawn", "merged", "void"})
"""No words may be added any more."""

Outcome = Literal["done", "planned", "explained", "declined", "not_ours"]
OUTCOMES: tuple[Outcome, ...] = ("done", "planned", "explained", "declined", "not_ours")

Move = Literal[
    "take",
    "hand_over",
    "ask",
    "reply",
    "resume",
    "answer",
    "close",
    "second_look",
    "reopen",
    "withdraw",
    "merge",
    "void",
    "unvoid",
]


class _Allowed(Struct, frozen=True):
    start: frozenset[State]
    end: State
    why: str


MOVES: dict[Move, _Allowed] = {
    "take": _Allowed(frozenset({"received"}), "open", "somebody works on it now"),
    "hand_over": _Allowed(RUNNING, "received", "another department's queue"),
    "ask": _Allowed(frozenset({"received", "open"}), "waiting", "only the citizen can go on"),
    "reply": _Allowed(frozenset({"waiting"}), "open", "the citizen answered"),
    "resume": _Allowed(frozenset({"waiting"}), "open", "staff go on without the reply"),
    "answer": _Allowed(RUNNING, "answered", "the city has answered"),
    "close": _Allowed(frozenset({"answered"}), "closed", "the window for a second look is over"),
    "second_look": _Allowed(frozenset({"answered"}), "received", "the citizen is not content: a new cycle"),
    "reopen": _Allowed(frozenset({"answered", "closed"}), "received", "staff go back to it: a new cycle"),
    "withdraw": _Allowed(RUNNING, "withdrawn", "the citizen takes it back"),
    "merge": _Allowed(RUNNING, "merged", "it is another item's twin"),
    "void": _Allowed(RUNNING, "void", "spam or a test: counts nowhere"),
    "unvoid": _Allowed(frozenset({"void"}), "received", "it was not"),
}


HELD_ALLOWS: frozenset[Move] = frozenset({"withdraw", "void"})
"""What may happen to a held item; everything else waits until a clerk has released it."""


def check_move(state: str, move: Move, *, is_held: bool = False) -> State:
    """The state after the move. Refuses (MoveRefused) one that the state does not allow, or not while it is held."""
    if not may(state, move, is_held=is_held):
        raise MoveRefused("move_refused", state=state, move=move)
    return MOVES[move].end


def may(state: str, move: Move, *, is_held: bool = False) -> bool:
    return state in MOVES[move].start and (not is_held or move in HELD_ALLOWS)


def may_add_words(state: str) -> bool:
    """Words may be added in every state but the three ends, and change none."""
    return state not in ENDS


def open311_status(state: str) -> Literal["open", "closed"]:
    """GeoReport v2 knows two states."""
    return "open" if state in RUNNING else "closed"
