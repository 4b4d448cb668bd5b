"""`kanali evaluate routing`: figures on texts whose service is known, and clear words for a file that is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portal.command_line import run

LAMPS = [f"lamp {number} in our street is dark" for number in range(20)]
HOLES = [f"a deep hole number {number} in the road" for number in range(20)]


def csv_of(file: Path, rows: list[tuple[str, str]], *, head: str = "text,label") -> Path:
    file.write_text("\n".join([head, *(f'"{text}",{label}' for text, label in rows)]), encoding="utf-8")
    return file


def test_what_is_learned_from_a_file_is_measured_on_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = csv_of(
        tmp_path / "train.csv", [(text, "light") for text in LAMPS] + [(text, "road") for text in HOLES]
    )
    test = csv_of(
        tmp_path / "test.csv", [("The lamps are dark again", "light"), ("holes and more holes", "road")]
    )
    assert run(["evaluate", "routing", "--test", str(test), "--train", str(train), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found == {
        "language": "en",
        "texts": 2,
        "top_1": 1.0,
        "top_3": 1.0,
        "macro_f1": 1.0,
        "coverage": found["coverage"],
        "right_above": found["right_above"],
    }


def test_without_texts_to_learn_from_the_beginning_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = csv_of(
        tmp_path / "test.csv",
        [("Σκοτάδι πίσσα το βράδυ στη γειτονιά", "street-lighting,el")],
        head="text,label,lang",
    )
    assert run(["evaluate", "routing", "--test", str(test)]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["language", "texts", "top-1", "top-3"]
    assert line.split()[:4] == ["el", "1", "1.000", "1.000"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("words,label\nx,y\n", "has no column text"),
        ("text,label\n", "holds no text"),
        ("text,label,lang\nhello,roads,fr\n", "no model for the language 'fr'"),
        (b"text,label\n\xff\xfe,y\n", "not a CSV file in UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(
    content: str | bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "test.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert run(["evaluate", "routing", "--test", str(file)]) == 1
    assert said in capsys.readouterr().err


def test_one_label_is_nothing_to_learn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = csv_of(tmp_path / "one.csv", [("a lamp", "light")])
    assert run(["evaluate", "routing", "--test", str(file), "--train", str(file)]) == 1
    assert "fewer than two labels" in capsys.readouterr().err
