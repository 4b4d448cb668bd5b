"""The glossary is spoken: by the names of the domain's classes, and by the catalogues in all three languages."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.pofile import read_po

from feedback.text.fold import fold
from portal.settings import LOCALE
from tests.upkeep.messages import forms, messages

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
COLUMNS = ("code", "en", "el", "lt", "what")

TECHNICAL = {
    "Rule": "what may be tried how often",
    "Credential": "a passkey as its ceremony needs it",
    "HalfSession": "a browser between password and second factor",
    "Living": "a session that has not ended",
    "PasskeyView": "a passkey as its owner sees it",
    "SpentChallenge": "a challenge that a passkey has answered",
    "SessionView": "a signed-in browser as its owner sees it",
    # Rows and values that nobody but a developer meets, each with what it is.
    "About": "what is known of a model besides its arrays",
    "Account": "who signs in",
    "Address": "of the web, in parts",
    "Actor": "who did a deed: citizen, staff, system",
    "Chain": "the end of a chain of notes",
    "Change": "an item in hand for one deed",
    "Claimed": "a job taken by a worker",
    "Closing": "what closing a month will write",
    "Example": "a text and the service that it is about, to learn from",
    "Guess": "a service that a model takes a text to be about",
    "Model": "what was learned, to guess a service from a text",
    "Colleague": "who works on cases, in a list to choose from",
    "Counter": "the last number of a year",
    "Cues": "what the words before a number say of it",
    "Days": "working days of a calendar",
    "ExternalRef": "the number in another system",
    "Due": "the two due days",
    "Fault": "one fault of one field",
    "Finding": "what verify says",
    "Filed": "a file that lies in its folder",
    "Found": "a place of personal data in a text",
    "Following": "a subscription and how far it was told",
    "Foreign": "a case of another system",
    "Identity": "a person of the city's own provider of identities",
    "Installation": "what a database is",
    "LimitCount": "how often something was tried of late",
    "LimitSalt": "what makes counts of a day unreadable",
    "ItemData": "what a webhook tells of a case",
    "Job": "work for the worker",
    "Key": "the key of a form",
    "Line": "a row of a published table",
    "Link": "a mailed token",
    "Membership": "who belongs to a department",
    "NewLink": "a link while its mail is composed",
    "News": "what a subscription is to be told",
    "NewWelcome": "a link to a password while it is told",
    "Old": "what has served",
    "Open": "an invitation that can be answered",
    "Orphaned": "a department or service that a new profile has no more",
    "Parts": "of a place in a file",
    "Parcel": "a delivery as it goes out",
    "Peaks": "roots of the log",
    "Prepared": "a submission before the write",
    "QueuePage": "a page of a queue",
    "QueueRow": "a line of a queue",
    "Rating": "what a citizen said of one round",
    "RecordData": "what a webhook tells of a closed month",
    "Reply": "an answer as it is written",
    "Restated": "a correction as it is shown",
    "Restatement": "a correction beside a closed month",
    "Routed": "where an item goes and why",
    "Row": "what every table is",
    "Sight": "how far a viewer sees, as a condition",
    "Sheet": "a closed month as it is shown",
    "Standing": "a subscription and how it does",
    "Statement": "a statement that is compiled once",
    "Submission": "a used key",
    "Taken": "an item that is in",
    "Told": "the content of a webhook",
    "UTCDateTime": "a type of column",
    "Undelivered": "a mail that did not arrive, as staff see it",
    "Value": "the integers of a figure",
    "Welcome": "a link by which an account gets its password",
}
"""Classes of the domain that are no word of the glossary. Sections of a profile are named by docs/city-profile.md,
refusals (subclasses of DomainError) by what they say."""

SPOKEN = {
    # English word → the beginnings that its translations have, without accents.
    r"(?<!any )cases?": ("υποθ", "kreipi|nagrinej"),
    r"messages?": ("μηνυμ", "zinu"),
    r"(?<!legal )deadlines?": ("προθεσμ", "termin"),
    r"promises?": ("υποσχ", "pazad"),
    r"answers?": ("απαντ", "atsak"),
    r"second looks?": ("ματι", "perziur"),
    r"follow-up codes?": ("κωδικ", "kod"),
    r"commitments?": ("δεσμευσ", "isipareigoj"),
    r"ratings?": ("αξιολογ", "ivertin"),
    r"rounds?": ("κυκλ", "etap"),
    r"set aside": ("εκτος διαδικασ", "neiskaiciu"),
    r"heads? of department": ("προϊσταμεν", "vad|vedej"),
}
OTHERWISE = {
    # Messages in which the English word means another thing, or the sentence says it with another word.
    ("lt", "Answer within"),
    ("lt", "Head of department"),
}


@cache
def rows() -> list[dict[str, str]]:
    """The rows of the glossary's table."""
    found = []
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == len(COLUMNS) and cells[0] != "in code" and set(cells[0]) != {"-"}:
            found.append(dict(zip(COLUMNS, cells, strict=True)))
    return found


def classes() -> dict[str, ast.ClassDef]:
    """The public classes of the domain, without the sections of a profile."""
    return {
        node.name: node
        for path in sorted((ROOT / "feedback").rglob("*.py"))
        if path.name not in ("profile.py", "part.py", "time_rules.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }


def is_refusal(name: str, known: dict[str, ast.ClassDef]) -> bool:
    bases = [base.id for base in known[name].bases if isinstance(base, ast.Name)]
    return name == "DomainError" or any(base in known and is_refusal(base, known) for base in bases)


def words_of(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z][a-z0-9]*", name)]


@cache
def catalogue(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "kanali.po").open("rb") as file:
        return read_po(file, locale=language)


def test_every_term_stands_in_three_languages_with_what_it_is() -> None:
    assert len(rows()) > 25
    assert [row for row in rows() if not all(row[column] for column in COLUMNS)] == []
    assert [row for row in rows() if not re.search("[α-ω]", row["el"])] == []
    assert [row for row in rows() if re.search("[α-ω]", row["lt"] + row["en"])] == []


def test_no_term_of_code_stands_twice() -> None:
    named = [name for row in rows() for name in re.findall(r"`(\w+)`", row["code"])]
    assert len(named) == len(set(named))


def test_every_class_that_the_glossary_names_is_there() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for package in ("feedback", "portal")
        for path in (ROOT / package).rglob("*.py")
    )
    named = [name for row in rows() for name in re.findall(r"`(\w+)`", row["code"])]
    assert len(named) > 15
    assert [name for name in named if not re.search(rf"^class {name}\b", source, re.MULTILINE)] == []


def test_every_class_of_the_domain_is_named_by_a_word_of_the_glossary() -> None:
    known = classes()
    spoken = {
        word.lower() for row in rows() for word in re.findall(r"[A-Za-z]+", row["code"] + " " + row["en"])
    }
    unnamed = {
        name
        for name in known
        if not is_refusal(name, known)
        and not any({word, word.rstrip("s")} & spoken for word in words_of(name))
    }
    assert unnamed - TECHNICAL.keys() == set(), (
        "name it by a word of docs/glossary.md, or list it as technical"
    )
    assert TECHNICAL.keys() - known.keys() == set(), "listed as technical, but not there"


@pytest.mark.parametrize(("language", "place"), [("el", 0), ("lt", 1)])
def test_the_catalogue_says_the_words_of_the_glossary(language: str, place: int) -> None:
    faults = []
    met: set[str] = set()
    for message in messages():
        found = catalogue(language).get(message.id, message.context)
        said = " ".join(re.sub(r"%\(\w+\)s", "", text) for text in forms(message.id))
        if found is None or not all(forms(found.string)) or (language, forms(message.id)[0]) in OTHERWISE:
            continue  # What is not translated yet, `test_catalogues.py` tells.
        translated = fold(" ".join(forms(found.string)).lower())
        for word, beginnings in SPOKEN.items():
            if re.search(rf"\b{word}\b", said, re.IGNORECASE):
                met.add(word)
                if not re.search("|".join(map(fold, beginnings[place].split("|"))), translated):
                    faults.append(f"{word} in {forms(message.id)[0]!r}: {forms(found.string)[0]!r}")
    assert faults == []
    assert SPOKEN.keys() - met == set(), "a word that no message says any more"
