"""Opens strangers' files in a child process of their own, and believes of its answer only what has the right shape.

The child (`inert.py`) limits itself in memory and processor time; here stand the clock on the wall, how many children
there are at once, and what a refusal is called. One child a file: what one person sends never shares a process with
what another sent. Pillow and pikepdf are loaded there only.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from feedback.errors import DomainError

WALL_SECONDS: Final = 30
"""Of one child; its processor time is limited to a sixth of that by itself."""
AT_ONCE: Final = 2
"""Children of one web process: more would only take the processors from each other and from everybody's pages."""
WAITING_MOST: Final = 6
"""Requests whose files are being opened or wait for it; further ones are told to come again (`Busy`)."""
MADE_MOST: Final = 24_000_000
"""Bytes that a child may answer."""

_CHILD: Final = str(Path(__file__).with_name("inert.py"))
_REASONS: Final = frozenset({"kind", "damaged", "pixels", "memory", "encrypted", "pages"})

_places = threading.BoundedSemaphore(WAITING_MOST)
_children = threading.BoundedSemaphore(AT_ONCE)


class Opened(Struct, frozen=True, kw_only=True):
    """A file made inert: what it is, and its bytes. A document has no pixels and no small form."""

    kind: Literal["photo", "document"]
    media_type: Literal["image/jpeg", "application/pdf"]
    content: bytes
    small: bytes = b""
    width: int = 0
    height: int = 0


class Refused(Struct, frozen=True):
    """A file that is not taken, and why: kind, damaged, pixels, memory, encrypted or pages."""

    reason: str


class Busy(DomainError):
    """Too many files are being opened at this moment."""

    code = "files_busy"


class _Told(Struct, frozen=True):
    """The child's first line."""

    refused: str = ""
    kind: Literal["photo", "document"] = "photo"
    media_type: Literal["image/jpeg", "application/pdf"] = "image/jpeg"
    width: int = 0
    height: int = 0
    parts: list[int] = []


def open_files(contents: Sequence[bytes]) -> list[Opened | Refused]:
    """What becomes of each file, in their order. Refuses (Busy) at once where too many wait already."""
    if not contents:
        return []
    if not _places.acquire(blocking=False):
        raise Busy()
    try:
        return [_opened(content) for content in contents]
    finally:
        _places.release()


def _opened(content: bytes) -> Opened | Refused:
    with (
        _children,
        subprocess.Popen(
            [sys.executable, "-I", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        ) as child,
    ):
        timer = threading.Timer(WALL_SECONDS, child.kill)
        feeder = threading.Thread(target=_feed, args=(child, content), name="helper")
        timer.start()
        feeder.start()
        try:
            assert child.stdout is not None
            answer = child.stdout.read(MADE_MOST + 1)
        finally:
            child.kill()
            timer.cancel()
            feeder.join()
    return _understood(answer)


def _feed(child: subprocess.Popen[bytes], content: bytes) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(content)
        child.stdin.close()
    except OSError:  # It has ended already; its answer, or that there is none, says why.
        pass


def _understood(answer: bytes) -> Opened | Refused:
    """The child's answer. What has not the right shape, or is cut off, is a file that could not be opened."""
    line, _, rest = answer.partition(b"\n")
    try:
        told = msgspec.json.decode(line, type=_Told)
    except msgspec.MsgspecError:
        return Refused("damaged")
    if told.refused:
        return Refused(told.refused if told.refused in _REASONS else "damaged")
    is_photo = told.kind == "photo"
    begins = (b"\xff\xd8\xff", "image/jpeg", 2) if is_photo else (b"%PDF-", "application/pdf", 1)
    is_whole = len(told.parts) == begins[2] and min(told.parts) > 0 and sum(told.parts) == len(rest)
    if not is_whole or told.media_type != begins[1] or not rest.startswith(begins[0]):
        return Refused("damaged")
    content, small = rest[: told.parts[0]], rest[told.parts[0] :]
    return Opened(
        kind=told.kind,
        media_type=told.media_type,
        content=content,
        small=small,
        width=told.width,
        height=told.height,
    )
