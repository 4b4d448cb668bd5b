"""Each request gets a number, and at its end one line in the log and its place in the metrics.

This stands around the whole application, so that nothing is answered without it. The number is random and made here,
never taken from the client; it goes back as `X-Request-Id`. Files and the questions after our health leave no
line and are not counted. What a line holds is `log.py`'s business, what is counted `metrics.py`'s.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any, Final

from portal import log, metrics

UNSEEN: Final = ("/static/", "/city/", "/health/")
"""Beginnings of the templates that leave no line."""
HEADER: Final = b"x-request-id"

_log = logging.getLogger("kanali")


class Traffic:
    """An ASGI application around ours. `templates` are its routes, as far as they are counted one by one."""

    def __init__(self, app: Any, templates: Iterable[str]) -> None:
        self._app = app
        self._counted = metrics.Requests(
            template for template in templates if not template.startswith(UNSEEN)
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked, token = log.begin(scope)
        began = time.perf_counter()
        status: int | None = None

        async def numbered(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                header = (HEADER, asked.number.encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        try:
            await self._app(scope, receive, numbered)
        except Exception as fault:
            status = status or 500
            _log.error("fault while answering", exc_info=fault)
            raise
        finally:
            self._end(asked, status, time.perf_counter() - began)
            log.end(token)

    def _end(self, asked: log.Asked, status: int | None, seconds: float) -> None:
        """`status` is None where the client had gone before an answer began."""
        if (asked.route or "").startswith(UNSEEN):
            return
        if status is not None:
            self._counted.add(asked.route, status, seconds)
        _log.info("request", extra={"fields": {"status": status, "ms": round(seconds * 1000, 1)}})
