"""Where the mails of tests arrive: a folder, read as people read mails, and a real mail server of our own.

mails = read_mails(folder)            the .eml files of a folder, the oldest first
with MailServer() as server: …        an SMTP server on the loopback that keeps what it is given
MailServer(replies={"RCPT": ["450 later", "250 ok"]})    …that answers by a script
"""

from __future__ import annotations

import email
import re
import socketserver
import ssl
import threading
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from tests.listening import Listening

HANG_UP = "hang up"
"""In place of a reply: the server closes the connection without a word."""
HANG = "hang"
"""In place of a reply: the server says nothing more."""
DRIP = "drip"
"""In place of a reply: one of eight seconds, a few letters at a time."""


class Mail:
    """A mail as its reader sees it."""

    def __init__(self, content: bytes) -> None:
        parsed = email.message_from_bytes(content, policy=default)
        assert isinstance(parsed, EmailMessage)
        self.message = parsed
        self.subject = str(parsed["Subject"])
        self.to = str(parsed["To"])
        self.id = str(parsed["Message-ID"])
        self.text = self._part("plain")
        self.html = self._part("html")

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.html, "html.parser")

    @property
    def preview(self) -> str:
        """What a phone shows beside the subject: the first words of the body."""
        body = self.soup.find("body")
        assert body is not None
        return " ".join(body.get_text(" ").split())[:90]

    @property
    def addresses(self) -> list[str]:
        """Every address of the web that stands in it, as text or as a link."""
        links = [str(link["href"]) for link in self.soup.find_all("a", href=True)]
        return [*re.findall(r"https?://[^\s<>\"]+", self.text), *links]

    def link(self, purpose: str) -> str:
        """The path of its link of a purpose (confirm, open, survey); empty where it has none."""
        found = [address for address in self.addresses if f"/{purpose}/" in address]
        assert len(set(found)) <= 1, "text and HTML lead to different places"
        return re.sub(r"^https?://[^/]+", "", found[0]) if found else ""

    def holds(self, words: str) -> bool:
        """Whether the words stand anywhere in it: in a header, in the text, in the HTML."""
        return words in f"{self.message.items()} {self.text} {self.html} {self.soup.get_text(' ')}"

    def _part(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


def read_mails(folder: Path) -> list[Mail]:
    """The mails of a folder, the oldest first."""
    return [Mail(file.read_bytes()) for file in sorted(folder.glob("*.eml"), key=_arrival)]


def _arrival(file: Path) -> int:
    return file.stat().st_mtime_ns


class Received:
    """What the server was given in one transaction of mail."""

    def __init__(
        self, sender: str, recipients: list[str], content: bytes, user: str, is_secret: bool
    ) -> None:
        self.sender = sender
        self.recipients = recipients
        self.content = content
        self.user = user
        self.is_secret = is_secret

    @property
    def mail(self) -> Mail:
        return Mail(self.content)


class MailServer(Listening):
    """An SMTP server on a port of the loopback; what it took stands in `received`."""

    def __init__(
        self,
        *,
        replies: dict[str, list[str]] | None = None,
        offers: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.received: list[Received] = []
        self.replies = {verb: list(found) for verb, found in (replies or {}).items()}
        self.offers = offers
        self.tls = tls
        self.hanging = threading.Event()
        """Set once a client waits for a reply that does not come."""
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation, bind_and_activate=True)
        server.daemon_threads = True
        server.block_on_close = False
        server.office = self  # type: ignore[attr-defined]
        self.port: int = server.server_address[1]
        super().__init__(server)

    def reply(self, verb: str, usual: str) -> str:
        """The next reply of the script for a verb; its last one is repeated."""
        script = self.replies.get(verb)
        if not script:
            return usual
        return script.pop(0) if len(script) > 1 else script[0]


class _Conversation(socketserver.StreamRequestHandler):
    """One connection: reads verbs, answers by the script."""

    def handle(self) -> None:
        self.office: MailServer = self.server.office  # type: ignore[attr-defined]
        self.line: Any = self.request
        self.user, self.is_secret = "", False
        self.sender, self.recipients = "", list[str]()
        if not self.say("CONNECT", "220 sink.example.org"):
            return
        while verb := self.rfile.readline().decode("utf-8").strip():
            if not self.answer(verb):
                return

    def answer(self, line: str) -> bool:
        verb = line.split(" ", 1)[0].upper()
        if verb in ("EHLO", "HELO"):
            offers = [*self.office.offers, *(["STARTTLS"] if self.office.tls and not self.is_secret else [])]
            lines = ["sink.example.org", *offers]
            usual = "\r\n".join(
                f"250{' ' if place == len(lines) else '-'}{text}" for place, text in enumerate(lines, 1)
            )
            return self.say("EHLO", usual)
        if verb == "STARTTLS" and self.office.tls:
            self.say("STARTTLS", "220 go on")
            self.line = self.office.tls.wrap_socket(self.line, server_side=True)
            self.rfile, self.is_secret = self.line.makefile("rb"), True
            return True
        if verb == "AUTH":
            self.user = line.rsplit(" ", 1)[-1]
            return self.say("AUTH", "235 welcome")
        if verb == "MAIL":
            self.sender, self.recipients = self.address(line), []
            return self.say("MAIL", "250 ok")
        if verb == "RCPT":
            self.recipients.append(self.address(line))
            return self.say("RCPT", "250 ok")
        if verb == "DATA":
            return self.take()
        if verb == "QUIT":
            self.say("QUIT", "221 bye")
            return False
        return self.say(verb, "250 ok")

    def take(self) -> bool:
        reply = self.office.reply("DATA", "354 go on")
        if not self.speak(reply) or not reply.startswith("354"):
            return reply.startswith(("4", "5"))
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        end = self.office.reply("END", "250 taken")
        if end.startswith("250") or end == HANG_UP:
            self.office.received.append(
                Received(self.sender, self.recipients, b"".join(lines), self.user, self.is_secret)
            )
        return self.speak(end)

    def say(self, verb: str, usual: str) -> bool:
        return self.speak(self.office.reply(verb, usual))

    def speak(self, reply: str) -> bool:
        if reply == HANG_UP:
            return False
        if reply == HANG:
            self.office.hanging.set()
            self.office.stop.wait(30)
            return False
        try:
            if reply == DRIP:
                drops = 0
                while drops < 80 and not self.office.stop.wait(0.1):
                    self.line.sendall(b"250-")
                    drops += 1
                return False
            self.line.sendall(reply.encode() + b"\r\n")
        except OSError:
            return False
        return True

    def address(self, line: str) -> str:
        return line.partition("<")[2].partition(">")[0]
