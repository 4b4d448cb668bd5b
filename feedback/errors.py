"""Refusals that a citizen, a clerk or an operator can meet.

A refusal is a code with facts, never a sentence: the words are found by `portal/error_pages.py` (pages) and
`portal/__main__.py` (terminal). Raising one rolls the transaction back.
"""

from __future__ import annotations


class DomainError(Exception):
    """A deed refused. `code` is stable; `facts` are what the words need (numbers, keys, dates)."""

    code = "refused"

    def __init__(self, code: str | None = None, **facts: object) -> None:
        super().__init__(code or self.code)
        self.code = code or self.code
        self.facts = facts


class Invalid(DomainError):
    """What was given does not fit: every fault at once, as field → code (with its facts)."""

    code = "invalid"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("invalid", faults=faults)
        self.faults = faults


class Fault:
    """One fault of one field."""

    __slots__ = ("code", "facts", "field")

    def __init__(self, field: str, code: str, **facts: object) -> None:
        self.field = field
        self.code = code
        self.facts = facts

    def __repr__(self) -> str:
        return f"Fault({self.field!r}, {self.code!r}, {self.facts!r})"


class NotFound(DomainError):
    """It does not exist, or this person may not know that it does: the same answer."""

    code = "not_found"


class NotAllowed(DomainError):
    """The person may see it, but this deed is not theirs to do."""

    code = "not_allowed"


class MoveRefused(DomainError):
    """The item's state does not allow the move (`items/lifecycle.py`)."""

    code = "move_refused"


class Conflict(DomainError):
    """Somebody was quicker: nothing was overwritten, and the facts say what is there now."""

    code = "conflict"


class Expired(DomainError):
    """A key, link or window has ended."""

    code = "expired"
