"""The portal as it is reached from one address on the net, without a net: one event loop for a whole test process."""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import Any
from urllib.parse import unquote

import httpx

from portal.edge import App


class Line(httpx.BaseTransport):
    """What a client sends through is answered by this application, as if it came from this address.

    A fault that leaves the application is an answer with the status 500 and no body, as a server would give.
    """

    def __init__(self, app: App, address: str) -> None:
        self.app, self.address = app, address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        call = _call(self.app, _scope(request, self.address), request.read())
        status, headers, body = asyncio.run_coroutine_threadsafe(call, _loop()).result()
        return httpx.Response(status, headers=headers, content=body, request=request)


async def _call(app: App, scope: Any, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    parts = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if parts:
            return parts.pop()
        await asyncio.sleep(3600)  # The client waits for its answer.
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception:  # noqa: BLE001  as a server would answer, whatever it was
        return 500, [], b""
    start, *rest = sent
    headers = [(bytes(name), bytes(value)) for name, value in start["headers"]]
    content = b"" if scope["method"] == "HEAD" else b"".join(message.get("body", b"") for message in rest)
    return start["status"], headers, content


def _scope(request: httpx.Request, address: str) -> dict[str, Any]:
    url = request.url
    port = url.port or {"https": 443}.get(url.scheme, 80)
    raw_path, _, query = url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote(raw_path.decode("ascii")),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": (address, 50_000),
        "server": (url.host, port),
        "state": {},
    }


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="the line", daemon=True).start()
    return loop
