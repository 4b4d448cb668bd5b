"""`kanali evaluate`: how well texts are routed, on texts whose service is known, a language at a time."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from feedback.routing import start
from feedback.routing.evaluate import Quality, measure
from feedback.routing.learn import Example, learn, set_threshold
from feedback.routing.predict import Model
from portal.environment import OperatorError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOR_THE_THRESHOLD = 5
"""Of the texts that are given to learn from, every fifth is kept for the confidence."""


@click.group()
def command() -> None:
    """Measure how well texts are read."""


@command.command()
@click.option(
    "--test", "tested", type=_FILE, required=True, help="CSV to measure on: text, label and perhaps lang."
)
@click.option(
    "--train", "trained", type=_FILE, help="CSV to learn from; without it what we wrote for a beginning."
)
@click.option("--json", "as_json", is_flag=True, help="Figures for programs.")
def routing(tested: Path, trained: Path | None, as_json: bool) -> None:
    """Top-1, top-3, macro-F1, and the share right and the coverage above the threshold."""
    asked = _read(tested)
    taught = _read(trained) if trained else {}
    found = []
    for language, examples in sorted(asked.items()):
        found.append(measure(_model(language, taught, is_given=trained is not None), examples))
    click.echo(msgspec.json.encode(found).decode() if as_json else "\n".join(_lines(found)))


def _model(language: str, taught: dict[str, list[Example]], *, is_given: bool) -> Model:
    now = datetime.now(UTC)
    if not is_given:
        if language not in start.LANGUAGES:
            raise OperatorError(
                f"There is no model for the language {language!r}: give texts to learn from with --train."
            )
        return start.first_model(language, made_at=now)
    examples = taught.get(language, [])
    if len({example.service for example in examples}) < 2:
        raise OperatorError(
            f"The texts to learn from name fewer than two labels in the language {language!r}."
        )
    kept = examples[::_FOR_THE_THRESHOLD]
    learned = [example for place, example in enumerate(examples) if place % _FOR_THE_THRESHOLD]
    measured = set_threshold(learn(learned, language=language, made_at=now), kept)
    whole = learn(examples, language=language, made_at=now)
    about = msgspec.structs.replace(
        whole.about,
        steepness=measured.about.steepness,
        offset=measured.about.offset,
        threshold=measured.about.threshold,
    )
    return msgspec.structs.replace(whole, about=about)


def _read(file: Path) -> dict[str, list[Example]]:
    """The texts of a file by their language ("en" where the file names none)."""
    found: dict[str, list[Example]] = defaultdict(list)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = {"text", "label"} - set(rows.fieldnames or ())
            if missing:
                raise OperatorError(
                    f"{file} has no column {', '.join(sorted(missing))}: it needs text and label."
                )
            for row in rows:
                if row["text"] and row["label"]:
                    found[row.get("lang") or "en"].append(Example(row["text"], row["label"]))
    except (UnicodeDecodeError, csv.Error) as error:
        raise OperatorError(f"{file} is not a CSV file in UTF-8: {error}.") from error
    if not found:
        raise OperatorError(f"{file} holds no text: give one with rows.")
    return found


def _lines(found: Iterable[Quality]) -> Iterable[str]:
    yield "language  texts  top-1  top-3  macro-F1  coverage  right above the threshold"
    for one in found:
        right = "none" if one.right_above is None else f"{one.right_above:.3f}"
        yield (
            f"{one.language:<8}  {one.texts:>5}  {one.top_1:.3f}  {one.top_3:.3f}  {one.macro_f1:>8.3f}  "
            f"{one.coverage:>8.3f}  {right}"
        )
