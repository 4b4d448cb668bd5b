"""The town of the tests behind a real port: Chromium visits it, and the test moves its clock and does what staff do.

    with served(sqlite_template, folder) as town:
        page.goto(town.address + "/en/submit")
        town.later(days=8)

The server is the one that `kanali serve` uses, in a thread of the test; there is no worker but `town.works()`.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server

from feedback.people import accounts
from portal import jobs
from portal.database import Database
from tests.conftest import settings_for
from tests.post_office import Mail, read_mails
from tests.running import free_port
from tests.town import Town, new_address

PASSWORD = "eleven geese over the river"
STARTS_WITHIN = 30


class ServedTown(Town):
    """A town with an address."""

    def __init__(self, database: Database, folder: Path, port: int, **named: Any) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.holds_scripts = threading.Event()
        self.is_one_place = False
        """Whether everybody comes from one address; otherwise each message comes from its own."""
        settings = settings_for(database.url, folder, {"KANALI_PUBLIC_URL": self.address})
        super().__init__(database, settings, **named)

    async def app_with_late_scripts(self, scope: Any, receive: Any, send: Any) -> None:
        """The portal; while `holds_scripts` is set its scripts wait, and no browser keeps them."""
        if not self.is_one_place:
            scope = {**scope, "client": (new_address(), 50_000)}
        is_script = scope["type"] == "http" and scope["path"].endswith(".js")
        while is_script and self.holds_scripts.is_set():
            await asyncio.sleep(0.02)

        async def send_unkept(message: Any) -> None:
            if is_script and message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
                message = {**message, "headers": [*kept, (b"cache-control", b"no-store")]}
            await send(message)

        await self.app(scope, receive, send_unkept)

    def employs(self, role: str, *departments: str, email: str, language: str = "en", name: str = "") -> int:
        """Somebody of the staff who can sign in with `PASSWORD`."""
        stored = accounts.hash_password(PASSWORD)
        return self.account(
            role, departments, email=email, language=language, name=name, password_hash=stored
        )

    def works(self) -> list[Mail]:
        """Let the worker do what is due; all mails so far."""
        jobs.run_due(self.site, now=self.now)
        return read_mails(self.settings.mail_folder)


@contextmanager
def served(template: Path, folder: Path, **named: Any) -> Iterator[ServedTown]:
    """Riverton at a port of its own, until the block ends."""
    shutil.copyfile(template, folder / "kanali.db")
    (folder / "kanali.db").chmod(0o600)
    database, port = Database(f"sqlite:///{folder}/kanali.db"), free_port()
    town = ServedTown(database, folder, port, **named)
    loop = asyncio.new_event_loop()
    server: list[Server] = []

    async def serve() -> None:
        server.append(
            Server(town.app_with_late_scripts, port=port, interface=Interfaces.ASGI, log_enabled=False)
        )
        await server[0].serve()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        _wait(town.address)
        yield town
    finally:
        loop.call_soon_threadsafe(server[0].stop)
        thread.join(STARTS_WITHIN)
        assert not thread.is_alive(), "the server ends when it is asked to"
        loop.close()
        database.close()


def _wait(address: str) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}/health/ready", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{address} did not answer within {STARTS_WITHIN} s")
