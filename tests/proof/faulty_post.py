"""A real mail server (aiosmtpd) that fails at every stage, by a plan: each mail its own way, some never come through.

Its methods have the names that aiosmtpd asks for.
"""

from __future__ import annotations

import asyncio
import email
from collections import Counter
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.running import free_port

FAULTS = (
    *("", "450 at RCPT", "", "reset at RCPT", "", "reset at DATA", "", "451 at the end", ""),
    *("reset before it is kept", "", "reset after it was kept", "", "reset after it was kept", ""),
)
"""What befalls a mail, by its number, at its first try; every seventh meets it twice."""
REFUSED, LOST, HANGS = 1, 2, 3
"""Mails that never come through: refused for good, lost each time before it is kept. And one that hangs at first."""


class Post:
    """Listens on a port of the loopback."""

    def __init__(self, *, has_hanging: bool) -> None:
        self.kept: dict[str, set[bytes]] = {}
        """Message-ID → what came under it; more than one content would be two mails."""
        self.arrivals = Counter[str]()
        """Message-ID → how often it came in whole."""
        self._has_hanging = has_hanging
        self._tries = Counter[int]()
        self._connections = 0
        self.port = free_port()
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> Post:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    # ── what aiosmtpd asks ──────────────────────────────────────────────────────────────────────────────────

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, host: str, replies: list[str]
    ) -> list[str]:
        session.host_name = host
        self._connections += 1
        if self._connections % 37 == 5:
            return ["421 too busy"]
        if self._connections % 41 == 7:
            _hang_up(server)
        return replies

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._connections % 43 == 9:
            _hang_up(server)
        if self._connections % 47 == 11:
            return "451 later"
        envelope.mail_from = address
        return "250 ok"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        number = _number(address)
        if number == REFUSED:
            return "550 nobody"
        self._tries[number] += 1
        fault = self._fault(number)
        if fault == "450 at RCPT":
            return "450 later"
        if fault == "reset at RCPT":
            _hang_up(server)
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        (address,) = envelope.rcpt_tos
        number = _number(address)
        fault, content = self._fault(number), envelope.content
        assert isinstance(content, bytes)
        if fault == "451 at the end":
            return "451 later"
        if fault == "hang":
            await asyncio.sleep(60)
        if number == LOST or fault == "reset before it is kept":
            _hang_up(server)
            return "451 lost"
        name = str(email.message_from_bytes(content)["Message-ID"])
        self.kept.setdefault(name, set()).add(content)
        self.arrivals[name] += 1
        if fault == "reset after it was kept":
            _hang_up(server)
        return "250 taken"

    def breaks_at_data(self, address: str) -> bool:
        return self._fault(_number(address)) == "reset at DATA"

    def _fault(self, number: int) -> str:
        most = 2 if number % 7 == 0 else 1
        if self._tries[number] > most:
            return ""
        if number == HANGS:
            return "hang" if self._has_hanging else ""
        return FAULTS[number % len(FAULTS)]


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Conversation(self.handler)


class _Conversation(SMTP):
    async def smtp_DATA(self, argument: Any) -> None:
        recipients = self.envelope.rcpt_tos if self.envelope is not None else []
        if recipients and self.event_handler.breaks_at_data(recipients[0]):
            _hang_up(self)
            return
        await super().smtp_DATA(argument)


def _hang_up(server: SMTP) -> None:
    assert server.transport is not None
    server.transport.abort()


def _number(address: str) -> int:
    return int(address.partition("@")[0].removeprefix("citizen"))
