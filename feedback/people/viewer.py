"""Who may see and do what, by role: rules only.

Roles: clerk (triage and everything of the channel that is not restricted), responder (own departments),
lead (own departments), quality (figures and ratings; no item texts), admin (people and city; no item texts),
auditor (ledger and records; no item texts).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Role = Literal["clerk", "responder", "lead", "quality", "admin", "auditor"]
ROLES: tuple[Role, ...] = ("clerk", "responder", "lead", "quality", "admin", "auditor")
DESK_ROLES = frozenset({"clerk", "responder", "lead"})
"""Roles that have an inbox and may open items."""


class Viewer(Struct, frozen=True):
    """A signed-in member of staff, as far as reading and deeds need to know."""

    account_id: int
    name: str
    role: Role
    language: str
    departments: frozenset[str]

    @property
    def has_desk(self) -> bool:
        return self.role in DESK_ROLES

    @property
    def sees_all_departments(self) -> bool:
        return self.role == "clerk"

    @property
    def led(self) -> frozenset[str]:
        """The departments that this person heads."""
        return self.departments if self.role == "lead" else frozenset()

    @property
    def sees_ratings(self) -> bool:
        """A single item's rating is seen by lead and quality only."""
        return self.role in ("lead", "quality")

    def sees_department(self, department: str | None) -> bool:
        """Whether items that stand there are this person's to read; None is triage, the clerks' own."""
        if not self.has_desk:
            return False
        return self.sees_all_departments or (department is not None and department in self.departments)
