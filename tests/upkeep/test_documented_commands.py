"""The commands that documents name exist with all their options, and `make` can do what newcomers are told.

That the README's commands do what it says is tried on a demonstration in `tests/proof/test_recount.py`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest

from portal.command_line import kanali as verbs
from tests.running import ROOT
from tests.upkeep.test_documents import documents

_INDENTED = re.compile(r"^ {4}(?:\$ )?(?P<line>(?:make|kanali|\.venv/bin/kanali) .+)$", re.MULTILINE)
_INLINE = re.compile(r"`(?P<line>(?:make|kanali|\.venv/bin/kanali) [^`]+)`")
_PATTERNS = (_INDENTED, _INLINE)
NOT_INSTRUCTIONS = {"CHANGELOG.md", "proof.md"}
"""What was, and what was measured; decisions as well tell of what is to come."""


def commands(document: Path) -> Iterator[list[str]]:
    """Each command of a document as words, without what explains it at the end of its line."""
    text = document.read_text(encoding="utf-8")
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            line = re.split(r" {2,}| #", found["line"].replace("\n", " "))[0]
            yield shlex.split(re.sub(r"[\[\]…]|\.venv/bin/", "", line))


def all_commands() -> list[tuple[str, list[str]]]:
    return [
        (document.name, words)
        for document in documents()
        if document.name not in NOT_INSTRUCTIONS and document.parent.name != "decisions"
        for words in commands(document)
    ]


def targets() -> set[str]:
    """What `make` can be told to do, by its own list."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_documents_name_commands_of_both_sorts() -> None:
    names = [words[0] for _, words in all_commands()]
    assert names.count("make") >= 10
    assert names.count("kanali") >= 20


def test_every_target_of_make_that_a_document_names_is_there() -> None:
    known = targets()
    assert len(known) > 8
    lacking = []
    for document, words in all_commands():
        if words[0] == "make":
            named = [
                word
                for before, word in pairwise(words)
                if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-") and before != "-C"
            ]
            lacking += [f"{document}: {' '.join(words)}" for target in named if target not in known]
    assert lacking == []


def test_every_command_of_kanali_that_a_document_names_is_there_with_its_options() -> None:
    lacking = [
        f"{document}: {fault}"
        for document, words in all_commands()
        if (fault := _fault_of(words)) is not None
    ]
    assert lacking == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_make_would_do_what_is_promised_to_newcomers(document: str) -> None:
    said = [words[1:] for words in commands(ROOT / document) if words[0] == "make"]
    assert said
    for arguments in said:
        done = subprocess.run(
            ["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"make {' '.join(arguments)}: {done.stderr}"


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^ *make ([a-z-]+) ", done.stdout, re.MULTILINE)) == targets()


def _fault_of(words: list[str]) -> str | None:
    """What of a command of kanali does not exist; None for other programs."""
    if words[0] != "kanali":
        return None
    command: click.Command = verbs
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0].split("|")[0])
        if found is None:
            return f"{' '.join(words)}: there is no {rest[0]}"
        command, rest = found, rest[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in rest if word.startswith("--") and word not in {*options, "--help"}]
    return f"{' '.join(words)}: there is no {unknown[0]}" if unknown else None
