"""Twenty people at a portal that is killed again and again, each of whom remembers what they were told.

What somebody wants to have kept is a `Wish`: written down before it is sent, marked kept when the portal has said so. A
wish without an answer is sent once more, unchanged, when the portal is back. Kinds of people are listed in `PEOPLE`:
another kind of thing that can be sent gets a class here and its rows in `reckoning.py`.
"""

from __future__ import annotations

import itertools
import random
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from msgspec import Struct

from tests import attached
from tests.proof.served import Answer, Chosen, Cut, Line, Served

SUBMISSION, ADDITION = "submission", "addition"
QUESTION, REPLY, ANSWER, SECOND_LOOK, RESPONSE = "question", "reply", "answer", "second_look", "response"
ANSWERS_WITHIN = 60
WITH_FILES = 2
"""How many citizens send a file with whatever they send: each is opened by a child of its own."""
RESTS = 0.002
"""Seconds between two things that one person does: twenty at once keep two cores busy."""


class Wish(Struct):
    """One thing that somebody wants to have kept."""

    kind: str
    words: str
    """Not said twice in the whole run."""
    path: str
    fields: dict[str, str]
    files: tuple[Chosen, ...] = ()
    item: str = ""
    """The reference of the item that it belongs to, where that is known beforehand."""
    is_sent: bool = False
    is_kept: bool = False
    reference: str = ""
    code: str = ""
    """What the receipt of a submission said."""
    repeats: int = 0


class Desk(Struct, frozen=True):
    """What the town has prepared: two signed-in members of staff, and links of surveys."""

    staff: tuple[str, str]
    surveys: list[str]


class World:
    """What all of them share."""

    def __init__(self, portal: Served, desk: Desk, seed: int) -> None:
        self.portal, self.desk, self.seed = portal, desk, seed
        self.wishes: list[Wish] = []
        self.faults: list[str] = []
        self.kept = 0
        """How many wishes are kept; about, since nobody waits for anybody to count."""
        self.up, self.over = threading.Event(), threading.Event()
        self._numbers = itertools.count(1)

    def wait_for_answers(self, count: int) -> None:
        """Until so many more wishes are kept; a portal that is up but answers nobody is a fault."""
        until, target = time.monotonic() + ANSWERS_WITHIN, self.kept + count
        while self.kept < target and not self.faults:
            assert time.monotonic() < until, "nobody is answered"
            time.sleep(0.001)

    def words(self, what: str) -> str:
        """Words that nobody else says in this run."""
        return f"{what} number {next(self._numbers)} of run {self.seed}"


class Person(ABC):
    """One client. `_day` is what they do, a wish at a time; it goes on where it stood when the portal was killed."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.chance = random.Random(f"{world.seed}-{number}")
        self.number = number
        self.line = Line(world.portal.port)

    def run(self) -> None:
        """Until the run is over and nothing of theirs is without an answer."""
        day = self._day()
        wish: Wish | None = None
        try:
            while True:
                self.world.up.wait()
                try:
                    if wish is None:
                        if self.world.over.is_set():
                            return
                        wish = next(day)
                    self._send(wish)
                    wish = None
                except Cut:
                    self.line.forget()
                    if wish is not None:
                        wish.repeats += 1
                self.world.over.wait(RESTS)
        except Exception as fault:  # noqa: BLE001  whatever it is, the run has failed and says so
            self.world.faults.append(f"{type(self).__name__} {self.number}: {fault!r}")

    @abstractmethod
    def _day(self) -> Iterator[Wish]:
        """What they do, a wish at a time."""

    def _send(self, wish: Wish) -> None:
        self.line.moves()
        if not wish.is_sent:
            wish.is_sent = True
            self.world.wishes.append(wish)
        answer = self.line.post(wish.path, wish.fields, wish.files)
        if answer.status == 503:
            raise Cut("told to send again in a moment")
        expected = 200 if wish.kind == RESPONSE else 303
        if answer.status != expected:
            raise AssertionError(f"{wish.kind} answered {answer.status}: {answer.page.text[:300]}")
        wish.is_kept = True
        self.world.kept += 1

    def _until(self, ask: Callable[[], Answer]) -> Answer:
        """Look at a page, however often the portal is killed meanwhile."""
        while True:
            self.world.up.wait()
            try:
                return ask()
            except Cut:
                self.line.forget()
                self.world.over.wait(0.01)

    def _submission(self, *, email: str = "", files: tuple[Chosen, ...] = ()) -> Wish:
        # A form that came back with a fault was open long enough: nobody holds it for having been quick.
        page = self._until(lambda: self.line.post("/en/submit", {"key": "none"})).body.decode()
        words = self.world.words("Lamp")
        fields = {"key": hidden_value(page, "key"), "kind": "request", "service": "roads", "text": words}
        if email:
            fields["email"] = email
        return Wish(kind=SUBMISSION, words=words, path="/en/submit", fields=fields, files=files)

    def _read_receipt(self, wish: Wish) -> None:
        page = self._until(lambda: self.line.get("/en/receipt")).page
        wish.reference, wish.code = page.field("#reference"), page.field("#code").replace(" ", "")


class Citizen(Person):
    """Sends one message after the other: half with an address, some read their receipt, some add words to it."""

    def _day(self) -> Iterator[Wish]:
        while True:
            email = f"c{self.chance.getrandbits(48):x}@example.org" if self.chance.random() < 0.5 else ""
            wish = self._submission(email=email, files=self._files())
            yield wish
            if self.chance.random() < 0.2:
                self._read_receipt(wish)
                self._until(lambda code=wish.code: self.line.post("/en/track", {"code": code}))
                words = self.world.words("Addition")
                yield Wish(
                    kind=ADDITION,
                    words=words,
                    path="/en/track/add",
                    fields={"text": words},
                    files=self._files(),
                    item=wish.reference,
                )

    def _files(self) -> tuple[Chosen, ...]:
        """What is chosen in the form: a photo, a document or both, of those who send any."""
        if self.number >= WITH_FILES:
            return ()
        photo = ("a photo.jpg", "image/jpeg", attached.photo(64, 48, mark=self.world.words("Photo")))
        document = ("a letter.pdf", "application/pdf", attached.document(with_photo=False))
        return self.chance.choice([(photo,), (document,), (photo, document)])


class Case(Person):
    """A citizen and two members of staff with one case after the other: asked, replied, answered, looked at again."""

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self.citizen = self.line
        self.staff = [Line(world.portal.port) for _ in world.desk.staff]
        for line, identifier in zip(self.staff, world.desk.staff, strict=True):
            line.signed_in(identifier)

    def _day(self) -> Iterator[Wish]:
        while True:
            wish = self._submission(email=f"k{self.chance.getrandbits(48):x}@example.org")
            yield wish
            self._read_receipt(wish)
            self._until(lambda code=wish.code: self.citizen.post("/en/track", {"code": code}))
            first, second = self.staff
            yield self._deed(first, wish.reference, "take", "")
            yield self._deed(first, wish.reference, "ask", QUESTION)
            yield self._words(wish.reference, "reply", REPLY)
            yield self._deed(first, wish.reference, "answer", ANSWER)
            yield self._words(wish.reference, "second-look", SECOND_LOOK)
            yield self._deed(second, wish.reference, "take", "")
            self.line = self.citizen

    def _deed(self, line: Line, reference: str, deed: str, kind: str) -> Wish:
        self.line = line
        page = self._until(lambda: line.get(f"/staff/item/{reference}")).body.decode()
        words = self.world.words(deed.capitalize())
        fields = {name: hidden_value(page, name) for name in ("version", "last_entry")}
        fields |= {"text": words, "outcome": "done"}
        return Wish(
            kind=kind or deed,
            words=words,
            path=f"/staff/item/{reference}/{deed}",
            fields=fields,
            item=reference,
        )

    def _words(self, reference: str, act: str, kind: str) -> Wish:
        self.line = self.citizen
        words = self.world.words(act.capitalize())
        return Wish(kind=kind, words=words, path=f"/en/track/{act}", fields={"text": words}, item=reference)


class Respondent(Person):
    """Answers the survey about one answer again and again; the last answer stands."""

    def _day(self) -> Iterator[Wish]:
        token = self.world.desk.surveys[self.number]
        while True:
            words = self.world.words("Comment")
            fields = {"outcome": str(self.chance.randint(1, 5)), "handling": "3", "comment": words}
            yield Wish(kind=RESPONSE, words=words, path=f"/en/survey/{token}", fields=fields, item=token)


PEOPLE: dict[type[Person], int] = {Citizen: 11, Case: 6, Respondent: 3}
"""How many of each; `Desk` has a survey for each respondent."""


def hidden_value(page: str, name: str) -> str:
    """A hidden field of a page, found without reading the page as HTML: that takes longer than the portal does."""
    for tag in re.findall(rf"<input[^>]* name=\"{name}\"[^>]*>", page):
        found = re.search(r'value="([^"]*)"', tag)
        if found:
            return found[1]
    raise AssertionError(f"no {name} in {page[-600:]}")
