"""What came back to an odd request: what is wrong with an answer, and how many were."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct, field

from tests.proof.fuzz_cases import Case

SECONDS_MOST: Final = 5.0
SLOW_DOORS: Final = ("/staff/sign-in", "/staff/account/password")
"""Where passwords are verified: a queue of its own answers 429 within a second."""


class Answer(Struct, frozen=True):
    """What came back, and to what."""

    case: Case
    door: str
    asked: str
    status: int
    location: str
    seconds: float
    faults: tuple[str, ...]


def faults_of(case: Case, response: Any, text: str, seconds: float) -> tuple[str, ...]:
    """What an answer must not be. Nothing of it depends on what was asked."""
    found = []
    if response.status_code >= 500:
        found.append(f"status {response.status_code}")
    if seconds > SECONDS_MOST and case.path not in SLOW_DOORS:
        found.append(f"{seconds:.1f} s")
    if "Traceback (most recent call last)" in text:
        found.append("a traceback")
    if "content-security-policy" not in response.headers:
        found.append("no content policy")
    if not response.headers.get("location", "/").startswith("/") or response.headers.get(
        "location", "/"
    ).startswith(("//", "/\\")):
        found.append("leads elsewhere")
    if any(not value.isascii() for _, value in response.headers.raw):
        found.append("a header that is no ASCII")
    return tuple(found)


class Tally(Struct):
    """What a run came to."""

    answers: int = 0
    faults: list[Answer] = field(default_factory=list)

    def add(self, answer: Answer) -> None:
        """Count it, and keep it where something is wrong with it."""
        self.answers += 1
        if answer.faults:
            self.faults.append(answer)

    @property
    def told(self) -> str:
        """The faults, one of each kind and door."""
        seen = {(answer.door, answer.faults[0].split()[0]): answer for answer in self.faults}
        return "\n\n".join(
            f"{', '.join(answer.faults)}: {answer.asked[:300]}\n{answer.case}"[:2500]
            for answer in seen.values()
        )
