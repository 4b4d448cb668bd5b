"""Every message of source and templates, extracted by the configuration that `make messages` uses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from portal.settings import LOCALE

ROOT = LOCALE.parent


def messages() -> Iterator[Message]:
    """Each message with its plural, its context and the files that it stands in."""
    return (message for message in _source() if message.id)


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """The text, or each of its plural forms; nothing where there is no text."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def named(message: Message) -> str:
    """The message with the files that it stands in, for whoever has to mend it."""
    files = ", ".join(sorted({Path(file).as_posix() for file, _line in message.locations}))
    return f"{forms(message.id)[0]!r} ({files})"


@cache
def _source() -> Catalog:
    with (LOCALE / "extract.cfg").open(encoding="utf-8") as config:
        method_map, options_map = parse_mapping_cfg(config)
    found = Catalog()
    for file, line, message, comments, context in extract_from_dir(ROOT, method_map, options_map):
        assert (ROOT / file).is_file()
        found.add(message, None, [(file, line)], auto_comments=comments, context=context)
    return found
