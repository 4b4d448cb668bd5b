"""Kept pages, shown to a real browser: a small server that answers with what the tour was shown.

    with showing(pages, recording) as address:
        page.goto(f"{address}/kept/0")

The stylesheets, scripts and fonts are the built ones; the headers are those of the portal, its CSP among them. Two
scripts of the tests come along at the end of each page: axe, and what measures (`reach.js`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from portal.rendering import Assets
from tests.running import ROOT
from tests.upkeep.kept import Kept, Recording


@contextmanager
def showing(pages: list[Kept], recording: Recording) -> Iterator[str]:
    """Serve these pages as /kept/0, /kept/1 …; gives the address of the server, which ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.startswith("/kept/"):
                html = pages[int(path.removeprefix("/kept/"))].html
                html = html.replace("</body>", f"{_SCRIPTS}</body>")
                self._answer(200, "text/html; charset=utf-8", html.encode(), recording.headers)
            elif path in _MEASURES:
                self._answer(200, "text/javascript", _MEASURES[path].read_bytes(), _KEPT)
            elif path in recording.files:
                kind, content = recording.files[path]
                self._answer(200, kind, content, _KEPT)
            else:
                asset = _assets().files.get(path.removeprefix("/static/"))
                if asset is None:  # A mail names no icon; browsers ask for one all the same.
                    self._answer(204 if path == "/favicon.ico" else 404, "text/plain", b"", {})
                else:
                    self._answer(200, asset.media_type, asset.content, _KEPT)

        def _answer(self, status: int, kind: str, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": kind, "Content-Length": f"{len(content)}"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_MEASURES = {
    "/measures/axe.js": ROOT / "node_modules" / "axe-core" / "axe.min.js",
    "/measures/reach.js": Path(__file__).parent / "reach.js",
}
_SCRIPTS = "".join(f'<script src="{path}"></script>' for path in _MEASURES)
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def _assets() -> Assets:
    return Assets()
