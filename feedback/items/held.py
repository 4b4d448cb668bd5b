"""When a message is held for a clerk's look before a department gets it: rules only.

Held is a mark on `received`, no state and no refusal: the citizen has the receipt, both clocks run, and a clerk
releases the item or sets it aside. Which sign spoke is kept, so that the clerk knows what to look for.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

HeldFor = Literal["filled", "quick", "unproven", "crowd"]
"""The field for machines was filled; sent sooner than anybody writes; no proof of work from a source that sends much;
more than the whole town sends in an hour."""
REASONS: tuple[HeldFor, ...] = ("filled", "quick", "unproven", "crowd")

LEAST: Final = timedelta(seconds=3)
"""Between the making of an empty form and its sending; whoever is quicker is likely a program."""


def find_reason(
    *, is_filled: bool, open_for: timedelta, is_unproven: bool, is_crowded: bool
) -> HeldFor | None:
    """Why a message is held, the plainest sign first; None where nothing speaks for it.

    `is_filled`: the field that nobody sees holds something. `open_for`: how long the form was open.
    """
    if is_filled:
        return "filled"
    if open_for < LEAST:
        return "quick"
    if is_unproven:
        return "unproven"
    return "crowd" if is_crowded else None
