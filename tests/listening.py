"""What the servers of tests share: they listen in a thread while a `with` lasts, and let nobody hang afterwards."""

from __future__ import annotations

import socketserver
import threading
from typing import Self


class Listening:
    """A server that answers while somebody is in it."""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self.stop = threading.Event()
        """Set at the end: whoever was kept waiting on purpose goes on."""
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
