"""What is known before anybody has corrected anything: words and messages that we wrote for each service.

`start/<language>/<service>.toml` has `words` (by which people mean it, seldom its name) and `messages` (as people
write them); `judging/<language>.csv` has messages by another hand, on which a model's confidence is measured. None of
them is a real message, and none holds personal data.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

from feedback.routing.learn import Example, learn, set_threshold
from feedback.routing.predict import Model

FOLDER: Final = Path(__file__).parent / "start"
LANGUAGES: Final = ("el", "lt", "en")
WORD_COUNTS: Final = 0.5
"""A word counts half as much as a message."""


def examples(language: str, services: Collection[str] | None = None) -> list[Example]:
    """The texts of a language, of these services or of all; none of a language that has none."""
    found = []
    for file in sorted((FOLDER / language).glob("*.toml")):
        if services is not None and file.stem not in services:
            continue
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        found += [Example(text, file.stem) for text in told["messages"]]
        found += [Example(text, file.stem, WORD_COUNTS) for text in told["words"]]
    return found


def for_judging(language: str, services: Collection[str] | None = None) -> list[Example]:
    """The texts on which the confidence of a model is measured."""
    with (FOLDER.parent / "judging" / f"{language}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Example(row["text"], row["label"]) for row in rows if services is None or row["label"] in services
    ]


def first_model(language: str, *, made_at: datetime, services: Collection[str] | None = None) -> Model:
    """What routes in a language before anybody has corrected anything."""
    model = learn(examples(language, services), language=language, made_at=made_at)
    return set_threshold(model, for_judging(language, services))
