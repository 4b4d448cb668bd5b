"""The log: one line of JSON for each record, which names nobody and repeats nobody's words.

A line holds the time (UTC), the level, what happened in our own words and, within a request, its number, method, route
template and the id of the account that acts: never a path, a query, a body, an address or a name. Of an exception it
holds the kind and our own places in the source, never the message or values, which may be what a person wrote. What
other libraries say is left out for the same reason; that they said something is not. Who logs what is not decided
here; one line for each request is made by `traffic.py`.
"""

from __future__ import annotations

import logging
import logging.config
import re
import secrets
import sys
import threading
import traceback
from collections.abc import MutableMapping
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import msgspec
from msgspec import Struct

from feedback.errors import DomainError

LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "portal.log.Lines"}},
    "handlers": {
        "terminal": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"}
    },
    "root": {"handlers": ["terminal"], "level": "WARNING"},
    "loggers": {
        "kanali": {"level": "INFO"},
        "_granian": {"handlers": ["terminal"], "level": "WARNING", "propagate": False},
        # Nobody's address and nobody's path is written down.
        "granian.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
"""How every process of ours logs; granian puts it in force in the web processes."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""A method is chosen by the client: any other could hold words."""
PLACES_MOST: Final = 12
"""Of the places of an exception, the innermost."""

_SPEAKERS: Final = frozenset({"kanali", "_granian"})
"""Whose messages are in words of the program alone: ours, and those of the web server's parent process."""
_LEFT_OUT: Final = "another library said something that is left out"
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""What a terminal or an editor would act upon: control characters, changes of direction, halves of a character."""
_PACKAGES: Final = tuple(Path(__file__).resolve().parents[1] / name for name in ("portal", "feedback"))
_BESIDE: Final = frozenset({"statements.py", "log.py", "traffic.py"})
"""Files through which every fault passes: whose statement failed tells more than that it was run."""

_log = logging.getLogger("kanali")


class Asked(Struct):
    """The request in hand: its number, made by us, and who acts, once that is known."""

    number: str
    scope: MutableMapping[str, Any]
    actor: int | None = None

    @property
    def method(self) -> str:
        method = self.scope.get("method", "")
        return method if method in METHODS else "OTHER"

    @property
    def route(self) -> str | None:
        """The template of its route; None where no route fits, or none was looked for yet."""
        return self.scope.get("path_template") or None


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


def begin(scope: MutableMapping[str, Any]) -> tuple[Asked, Token[Asked | None]]:
    """A request begins: what is logged from here on, in this context, is its own. Ended by `end`."""
    asked = Asked(secrets.token_hex(8), scope)
    return asked, _asked.set(asked)


def end(token: Token[Asked | None]) -> None:
    """The request is over."""
    _asked.reset(token)


def number() -> str:
    """The number of the request in hand; empty outside one."""
    asked = _asked.get()
    return asked.number if asked else ""


def acting(account_id: int) -> None:
    """Whose request it is, where a member of staff is signed in: the account, never a name."""
    asked = _asked.get()
    if asked is not None:
        asked.actor = account_id


def start() -> None:
    """Puts the log in force in this process."""
    logging.config.dictConfig(LOGGING)
    take_over()


def take_over() -> None:
    """What Python would print by itself, with messages and values, becomes lines of the log."""
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    sys.excepthook = _ended
    threading.excepthook = _thread_ended


class Lines(logging.Formatter):
    """A record as one line of JSON. `extra={"fields": {…}}` adds fields; they are the program's own words."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": f"{_second(int(record.created))}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
        }
        if record.name.partition(".")[0] == "kanali" or record.name in _SPEAKERS:
            line["event"] = record.getMessage()
        else:
            line |= {"event": _LEFT_OUT, "library": record.name}
        asked = _asked.get()
        if asked is not None:
            line |= {
                "request": asked.number,
                "method": asked.method,
                "route": asked.route,
                "actor": asked.actor,
            }
        line |= getattr(record, "fields", {})
        fault = record.exc_info[1] if record.exc_info else None
        if fault is not None:
            line |= {"fault": kind_of(fault), "at": places_of(fault)}
        return msgspec.json.encode({name: _safe(value) for name, value in line.items()}).decode()


def kind_of(fault: BaseException) -> str:
    """The code of a refusal, or the class of an exception."""
    return fault.code if isinstance(fault, DomainError) else type(fault).__name__


def places_of(fault: BaseException) -> list[str]:
    """Where in our own source an exception came by, the innermost last: `answer.py:77`."""
    frames = [
        (Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(fault.__traceback__)
    ]
    ours = [
        (file, line)
        for file, line in frames
        if file.name not in _BESIDE and any(package in file.parents for package in _PACKAGES)
    ]
    # A fault in none of our own files, such as one of a test or a template.
    return [f"{file.name}:{line}" for file, line in (ours or frames[-1:])[-PLACES_MOST:]]


def described(fault: BaseException) -> str:
    """A fault without its message and values, which may hold what a person wrote: its kind and its place."""
    places = places_of(fault)
    return f"{kind_of(fault)} at {places[-1]}" if places else kind_of(fault)


@lru_cache(2)
def _second(since_epoch: int) -> str:
    return f"{datetime.fromtimestamp(since_epoch, UTC):%Y-%m-%dT%H:%M:%S}"


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        # Nearly every value is plain, and to see that costs less than to look for what is not.
        return value if value.isascii() and value.isprintable() else _UNSAFE.sub(" ", value)
    if isinstance(value, list):
        return [_safe(part) for part in value]
    return value


def _ended(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    _log.critical("the process ends by a fault", exc_info=(kind, fault, trace))


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and ended.exc_type is not SystemExit:
        _log.critical(
            "a thread ends by a fault", exc_info=(ended.exc_type, ended.exc_value, ended.exc_traceback)
        )
