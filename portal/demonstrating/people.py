"""The people of a demonstration, all invented: citizens with addresses that cannot exist, and the staff.

One account of each role gets a password, kept in a file for whoever tries the portal; the other colleagues can't
sign in. Each department has at least three people, so that a second look is another person's.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Set
from datetime import datetime
from pathlib import Path
from random import Random

from msgspec import Struct
from sqlmodel import Session

from feedback.city.profile import City
from feedback.ledger.notes import SYSTEM
from feedback.people import accounts
from feedback.people.viewer import ROLES, Role
from portal.demonstrating.habits import Habits, Names, Surname
from portal.environment import OperatorError

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for one another."""


class Citizen(Struct, frozen=True):
    """Who sends an item; all empty where it is anonymous."""

    name: str = ""
    email: str = ""
    phone: str = ""


class SignIn(Struct, frozen=True):
    """An account that whoever tries the demonstration can use."""

    role: Role
    email: str
    password: str
    password_hash: str


class Staff(Struct, frozen=True):
    """Account ids of those who work on items."""

    clerks: list[int]
    departments: dict[str, list[int]]
    """Department → its people, its lead first."""

    def of(self, department: str | None, *, barred: Set[int]) -> list[int]:
        """The people of a department, or the clerks where it has none, without those who are barred."""
        known = self.clerks if department is None else self.departments[department]
        return [person for person in known if person not in barred]


def make_sign_ins(city: City) -> list[SignIn]:
    """One account a role with a random password; takes a quarter of a second each."""
    found = []
    for role in ROLES:
        password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
        email = f"{role}@{city.identity.key}.invalid"
        found.append(SignIn(role, email, password, accounts.hash_password(password)))
    return found


def make_staff(
    session: Session,
    *,
    city: City,
    names: Names,
    habits: Habits,
    sign_ins: list[SignIn],
    busiest: str,
    chance: Random,
    now: datetime,
) -> Staff:
    """Add everybody's account; the responder and the lead with a password are those of the busiest department."""
    seen: set[str] = set()

    def add(email: str, role: str, departments: list[str], password_hash: str = "") -> int:
        name = draw_name(names, habits, chance)
        while name in seen:
            name = draw_name(names, habits, chance)
        seen.add(name)
        account = accounts.add(
            session,
            city=city,
            email=email,
            name=name,
            role=role,
            departments=departments,
            language=city.default_language,
            password_hash=password_hash,
            by=SYSTEM,
            now=now,
        )
        assert account.id is not None
        return account.id

    shown: dict[str, int] = {}
    for sign_in in sign_ins:
        own = [busiest] if sign_in.role in ("responder", "lead") else []
        shown[sign_in.role] = add(sign_in.email, sign_in.role, own, sign_in.password_hash)
    domain = f"{city.identity.key}.invalid"
    clerks = [shown["clerk"], add(f"clerk-2@{domain}", "clerk", []), add(f"clerk-3@{domain}", "clerk", [])]
    departments: dict[str, list[int]] = {}
    for key in city.departments:
        if key == busiest:
            people = [shown["lead"], shown["responder"]]
        else:
            people = [
                add(f"lead.{key}@{domain}", "lead", [key]),
                add(f"{key}-1@{domain}", "responder", [key]),
            ]
        departments[key] = [*people, add(f"{key}-2@{domain}", "responder", [key])]
    return Staff(clerks, departments)


def draw_citizen(
    names: Names, habits: Habits, chance: Random, *, number: int, gender: str, has_phone: bool
) -> Citizen:
    """A citizen with a name, and with an address and a number as often as the habits say."""
    people, shares = habits.people, habits.shares
    return Citizen(
        name=draw_name(names, habits, chance, gender),
        email=people.mail_address.format(n=number) if chance.random() < shares.mail_address else "",
        phone=people.phone_number.format(n=f"{number:06d}")
        if has_phone or chance.random() < shares.phone_number
        else "",
    )


def draw_name(names: Names, habits: Habits, chance: Random, gender: str = "") -> str:
    """First name and surname that go together."""
    gender = gender or ("female" if chance.random() < habits.people.female else "male")
    surname = chance.choice(names.surnames)
    is_married = chance.random() < habits.people.married
    first = chance.choice(names.female if gender == "female" else names.male)
    return f"{first} {_form(surname, gender, is_married)}"


def write_accounts(file: Path, sign_ins: list[SignIn], staff_url: str) -> None:
    """Keep the passwords for whoever tries the demonstration: one line a role, readable by their owner only."""
    rows = [(known.role, known.email, known.password, staff_url) for known in sign_ins]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        with os.fdopen(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as stream:
            stream.write("\n".join(lines) + "\n")
    except OSError as error:
        raise OperatorError(
            f"{file} cannot be written ({error.strerror}): make its folder writable, then give the accounts "
            "passwords by kanali user reset."
        ) from error


def _form(surname: Surname, gender: str, is_married: bool) -> str:
    if gender == "male":
        return surname.male
    return surname.female or (surname.married if is_married else surname.unmarried)
