"""Hands a finished mail to the mail server, or writes it to a folder where none is set. Decides no words.

A mail counts as delivered when the server has taken it. What a server says is never kept: it may repeat the
address; a refusal is a code. A demonstration reaches nobody: its mails are always written to the folder.
"""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from portal.environment import Smtp, is_loopback
from portal.letters import AUTO_REPLIED, Letter
from portal.settings import Settings

TIMEOUT = 20.0
"""Seconds that the server may take for one step."""
WHOLE = 120.0
"""Seconds for all steps: less than the lease of a job, so that no other worker sends the same meanwhile."""
LINE_MOST = 990
"""Bytes of a line that every server takes as it is (RFC 5321 allows 998)."""


class MailRefused(Exception):
    """The mail was not taken. `is_permanent`: trying again is useless. `is_general`: no other would be taken now."""

    def __init__(self, code: str, *, is_permanent: bool = False, is_general: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_permanent = is_permanent
        self.is_general = is_general


def deliver(settings: Settings, letter: Letter, *, demonstration: bool) -> None:
    """Deliver a mail. Refuses with MailRefused; after that it may still have arrived (a connection lost at the end)."""
    if demonstration or settings.smtp is None:
        _write(settings.mail_folder, letter)
    else:
        _send(settings.smtp, urlsplit(settings.public_url).hostname or "localhost", letter)


def knock(smtp: Smtp, *, patience: float) -> None:
    """Whether a mail server is there: connects and says NOOP, nothing else. Refuses with MailRefused."""
    with _opened(smtp, "localhost", timeout=patience, whole=patience) as server:
        try:
            number, _ = server.noop()
        except (smtplib.SMTPException, OSError) as failure:
            raise MailRefused("unreachable", is_general=True) from failure
    if not 200 <= number <= 299:
        raise MailRefused(f"smtp_{number}", is_general=True)


def mime(letter: Letter, *, is_plain: bool) -> EmailMessage:
    """The mail as it goes out: text and HTML side by side. The same letter gives the same bytes.

    `is_plain`: in ASCII, for servers that carry nothing else; otherwise readable as it is where lines allow it.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=letter.from_name, addr_spec=letter.from_address)
    message["To"] = _wire_address(letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = letter.message_id
    message.set_content(letter.text, cte=_encoding(letter.text, is_plain))
    message.add_alternative(letter.html, subtype="html", cte=_encoding(letter.html, is_plain))
    message.set_boundary(f"kanali-{_key(letter)}")
    # Last: setting the content takes every Content-… header away.
    for name, value in letter.headers.items():
        message[name] = value
    return message


def _write(folder: Path, letter: Letter) -> None:
    """One file a mail, whole or not at all; trying again writes the same file."""
    name = f"{letter.date.astimezone(UTC):%Y-%m-%dT%H%M%SZ}-{letter.kind}-{_key(letter)[:12]}.eml"
    unfinished = folder / f".{name}.unfinished"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(mime(letter, is_plain=False).as_bytes())
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(folder / name)
    except OSError as error:
        raise MailRefused("folder_unwritable", is_general=True) from error


def _send(smtp: Smtp, our_name: str, letter: Letter) -> None:
    message = mime(letter, is_plain=True)
    # The null sender (RFC 3834, 3.3): an address that somebody else typed bounces to nobody, and no loop begins.
    sender = "" if letter.headers.get("Auto-Submitted") == AUTO_REPLIED else letter.from_address
    with _connection(smtp, our_name) as server:
        try:
            server.send_message(message, from_addr=sender, to_addrs=[_wire_address(letter.to)])
        except smtplib.SMTPRecipientsRefused as refusal:
            (number, _), *_rest = refusal.recipients.values()
            raise _refused(number) from refusal
        except smtplib.SMTPSenderRefused as refusal:
            # Our own address is not wanted: the operator's to mend, and the same for every mail.
            raise MailRefused(f"sender_{refusal.smtp_code}", is_general=True) from refusal
        except smtplib.SMTPDataError as refusal:
            raise _refused(refusal.smtp_code) from refusal
        except smtplib.SMTPNotSupportedError as refusal:
            # An address in other letters than ASCII, and a server that cannot carry it.
            raise MailRefused("letters_of_address", is_permanent=True) from refusal
        except (smtplib.SMTPException, OSError) as failure:
            raise MailRefused("connection_lost") from failure


@contextmanager
def _connection(smtp: Smtp, our_name: str) -> Iterator[smtplib.SMTP]:
    """A connection that is greeted, encrypted where the server can, and signed in."""
    with _opened(smtp, our_name, timeout=TIMEOUT, whole=WHOLE) as server:
        _prepare(server, smtp, is_loopback(smtp.host))
        yield server


@contextmanager
def _opened(smtp: Smtp, our_name: str, *, timeout: float, whole: float) -> Iterator[smtplib.SMTP]:
    """A connection that is greeted, for `whole` seconds at most, with `timeout` for each step."""
    is_near = is_loopback(smtp.host)
    try:
        server: smtplib.SMTP = (
            smtplib.SMTP_SSL(
                smtp.host, smtp.port, local_hostname=our_name, timeout=timeout, context=_tls(is_near)
            )
            if smtp.is_tls
            else smtplib.SMTP(smtp.host, smtp.port, local_hostname=our_name, timeout=timeout)
        )
    except ssl.SSLError as failure:
        raise MailRefused("tls_failed", is_general=True) from failure
    except (smtplib.SMTPException, OSError) as failure:
        raise MailRefused("unreachable", is_general=True) from failure
    watch = threading.Timer(whole, _hang_up, args=(server,))
    watch.daemon = True
    watch.start()
    try:
        yield server
    finally:
        watch.cancel()
        _leave(server)


def _prepare(server: smtplib.SMTP, smtp: Smtp, is_near: bool) -> None:
    try:
        server.ehlo_or_helo_if_needed()
        is_secret = smtp.is_tls
        if not smtp.is_tls and server.has_extn("starttls"):
            server.starttls(context=_tls(is_near))
            server.ehlo()
            is_secret = True
        if smtp.username:
            if not is_secret and not is_near:
                raise MailRefused("no_tls_for_password", is_general=True)
            server.login(smtp.username, smtp.password)
    except smtplib.SMTPAuthenticationError as refusal:
        raise MailRefused(f"sign_in_{refusal.smtp_code}", is_general=True) from refusal
    except UnicodeEncodeError as fault:
        # `smtplib` signs in with ASCII only.
        raise MailRefused("sign_in_letters", is_general=True) from fault
    except ssl.SSLError as failure:
        raise MailRefused("tls_failed", is_general=True) from failure
    except (smtplib.SMTPException, OSError) as failure:
        raise MailRefused("unreachable", is_general=True) from failure


@cache
def _tls(is_near: bool) -> ssl.SSLContext:
    """The server must prove its name; one on this machine need not, nobody stands between."""
    context = ssl.create_default_context()
    if is_near:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; whatever goes wrong with that, the mail's fate is known by now."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _hang_up(server: smtplib.SMTP) -> None:
    """End a conversation that a server draws out, drop by drop."""
    line = server.sock
    if line is not None:
        try:
            line.shutdown(socket.SHUT_RDWR)
        except OSError:
            server.close()


def _refused(number: int) -> MailRefused:
    """A refusal of this mail or this address: 5xx is for good (RFC 5321 4.2.1), 421 is about the server itself."""
    return MailRefused(f"smtp_{number}", is_permanent=500 <= number <= 599, is_general=number == 421)


def _wire_address(address: str) -> str:
    """The address as servers carry it: a host in other letters than ASCII by its IDNA name."""
    local, _at, host = address.rpartition("@")
    try:
        return f"{local}@{host.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def _encoding(text: str, is_plain: bool) -> str:
    longest = max((len(line.encode()) for line in text.split("\n")), default=0)
    if longest <= LINE_MOST:
        return "7bit" if text.isascii() else ("8bit" if not is_plain else "base64")
    return "base64" if is_plain else "quoted-printable"


def _key(letter: Letter) -> str:
    """The stable part of the Message-ID: it names no case."""
    return letter.message_id[1:].partition("@")[0]
