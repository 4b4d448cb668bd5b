"""Handing mails over: to a real server on the loopback that takes, refuses or breaks off, and to a folder."""

from __future__ import annotations

import ssl
import stat
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from portal.environment import Smtp
from portal.letters import Letter
from portal.outbound import mail
from portal.outbound.mail import MailRefused, deliver
from portal.settings import Settings, read_settings
from tests.post_office import DRIP, HANG, HANG_UP, Mail, MailServer, read_mails

LETTER = Letter(
    kind="answer",
    language="el",
    to="rea@example.org",
    from_name="Δήμος Ρίβερτον, Τμήμα Α",
    from_address="town@example.org",
    subject="Η απάντησή μας (RIV-2026-000001)",
    text="Απαντήσαμε.\n.\nΓραμμή με τελεία στην αρχή: ανωτέρω.\n",
    html="<!doctype html>\n<html lang='el'><body><p>Απαντήσαμε.</p></body></html>\n",
    message_id="<0123456789abcdef0123456789abcdef@riverton.example.org>",
    date=datetime(2026, 11, 2, 7, 0, tzinfo=UTC),
    headers={"Auto-Submitted": "auto-generated"},
)


@pytest.fixture
def folder(tmp_path: Path) -> Settings:
    """Settings without a mail server, that write to a folder of the test."""
    return read_settings({"KANALI_DATABASE_URL": f"sqlite:///{tmp_path}/kanali.db"})


def through(server: MailServer, *, username: str = "", password: str = "") -> Settings:
    smtp = Smtp("127.0.0.1", server.port, False, username, password)
    settings = read_settings({"KANALI_PUBLIC_URL": "https://riverton.example.org"})
    return msgspec.structs.replace(settings, smtp=smtp)


def refused(settings: Settings, letter: Letter = LETTER) -> MailRefused:
    with pytest.raises(MailRefused) as refusal:
        deliver(settings, letter, demonstration=False)
    return refusal.value


def test_the_server_gets_the_whole_mail() -> None:
    with MailServer(offers=("8BITMIME",)) as server:
        deliver(through(server), LETTER, demonstration=False)
    (received,) = server.received
    assert (received.sender, received.recipients) == ("town@example.org", ["rea@example.org"])
    mail = received.mail
    assert mail.subject == LETTER.subject
    assert str(mail.message["From"]) == '"Δήμος Ρίβερτον, Τμήμα Α" <town@example.org>'
    assert mail.id == LETTER.message_id
    assert mail.message["Date"].datetime == LETTER.date
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert (mail.text, mail.html) == (LETTER.text, LETTER.html)


def test_an_automatic_reply_has_no_sender_to_bounce_to() -> None:
    reply = msgspec.structs.replace(LETTER, headers={"Auto-Submitted": "auto-replied"})
    with MailServer() as server:
        deliver(through(server), reply, demonstration=False)
    (received,) = server.received
    assert received.sender == ""
    assert str(received.mail.message["From"]).endswith("<town@example.org>")


def test_the_wire_carries_plain_bytes_where_the_server_knows_no_others() -> None:
    with MailServer() as server:
        deliver(through(server), LETTER, demonstration=False)
    received = server.received[0]
    assert received.content.isascii()
    assert received.mail.text == LETTER.text


def test_each_try_sends_the_same_bytes() -> None:
    with MailServer() as server:
        deliver(through(server), LETTER, demonstration=False)
        deliver(through(server), LETTER, demonstration=False)
    first, second = server.received
    assert first.content == second.content


@pytest.mark.parametrize(
    ("verb", "reply", "code", "is_permanent", "is_general"),
    [
        ("RCPT", "550 no such mailbox", "smtp_550", True, False),
        ("RCPT", "450 greylisted", "smtp_450", False, False),
        ("RCPT", "421 too many", "smtp_421", False, True),
        ("END", "554 looks like spam", "smtp_554", True, False),
        ("END", "451 try later", "smtp_451", False, False),
        ("END", HANG_UP, "connection_lost", False, False),
        ("DATA", HANG_UP, "connection_lost", False, False),
        ("MAIL", "550 not from you", "sender_550", False, True),
        ("CONNECT", "554 no service", "unreachable", False, True),
        ("CONNECT", HANG_UP, "unreachable", False, True),
        ("EHLO", HANG_UP, "unreachable", False, True),
    ],
)
def test_a_refusal_says_whether_trying_again_helps(
    verb: str, reply: str, code: str, is_permanent: bool, is_general: bool
) -> None:
    with MailServer(replies={verb: [reply]}) as server:
        refusal = refused(through(server))
    assert (refusal.code, refusal.is_permanent, refusal.is_general) == (code, is_permanent, is_general)


def test_a_server_that_dies_after_taking_the_mail_has_taken_it() -> None:
    with MailServer(replies={"QUIT": [HANG_UP]}) as server:
        deliver(through(server), LETTER, demonstration=False)
    assert len(server.received) == 1


def test_no_server_is_a_refusal_for_now() -> None:
    with MailServer() as server:
        settings = through(server)
    refusal = refused(settings)
    assert (refusal.code, refusal.is_permanent, refusal.is_general) == ("unreachable", False, True)


def test_a_server_that_falls_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.3)
    with MailServer(replies={"RCPT": [HANG]}) as server:
        assert refused(through(server)).code == "connection_lost"


def test_a_server_that_draws_it_out_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "WHOLE", 0.6)
    begun = time.monotonic()
    with MailServer(replies={"RCPT": [DRIP]}) as server:
        assert refused(through(server)).is_permanent is False
    assert time.monotonic() - begun < 6


def test_a_host_in_greek_letters_is_reached_by_its_plain_name() -> None:
    with MailServer() as server:
        letter = msgspec.structs.replace(LETTER, to="rea@παράδειγμα.example.org")
        deliver(through(server), letter, demonstration=False)
    assert server.received[0].recipients == ["rea@xn--hxajbheg2az3al.example.org"]


def test_a_greek_mailbox_needs_a_server_that_knows_greek() -> None:
    letter = msgspec.structs.replace(LETTER, to="ρέα@example.org")
    with MailServer() as plain:
        refusal = refused(through(plain), letter)
    assert (refusal.code, refusal.is_permanent) == ("letters_of_address", True)
    with MailServer(offers=("SMTPUTF8", "8BITMIME")) as modern:
        deliver(through(modern), letter, demonstration=False)
    assert modern.received[0].recipients == ["ρέα@example.org"]


def test_tls_is_used_where_it_is_offered_and_the_password_goes_through_it(tmp_path: Path) -> None:
    with MailServer(offers=("AUTH PLAIN",), tls=_certificate(tmp_path)) as server:
        deliver(through(server, username="riverton", password="river"), LETTER, demonstration=False)
    assert server.received[0].is_secret
    assert server.received[0].user


def test_a_password_that_cannot_be_sent_is_the_operators_to_mend() -> None:
    with MailServer(offers=("AUTH PLAIN",)) as server:
        refusal = refused(through(server, username="riverton", password="ποταμός"))
    assert (refusal.code, refusal.is_general) == ("sign_in_letters", True)


def test_a_wrong_password_is_the_operators_to_mend() -> None:
    with MailServer(offers=("AUTH PLAIN",), replies={"AUTH": ["535 no"]}) as server:
        refusal = refused(through(server, username="riverton", password="river"))
    assert (refusal.code, refusal.is_permanent, refusal.is_general) == ("sign_in_535", False, True)


def test_without_a_server_a_mail_is_a_file_that_only_its_owner_reads(folder: Settings) -> None:
    deliver(folder, LETTER, demonstration=False)
    (file,) = folder.mail_folder.iterdir()
    assert file.name == "2026-11-02T070000Z-answer-0123456789ab.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert Mail(file.read_bytes()).subject == LETTER.subject
    assert "Απαντήσαμε." in file.read_text(encoding="utf-8")


def test_the_same_mail_again_is_the_same_file(folder: Settings) -> None:
    deliver(folder, LETTER, demonstration=False)
    deliver(folder, LETTER, demonstration=False)
    assert len(read_mails(folder.mail_folder)) == 1


def test_a_folder_that_cannot_be_written_is_a_refusal_for_now(folder: Settings) -> None:
    folder.mail_folder.write_text("in the way")
    refusal = refused(folder)
    assert (refusal.code, refusal.is_permanent, refusal.is_general) == ("folder_unwritable", False, True)


def test_a_demonstration_reaches_nobody(tmp_path: Path, folder: Settings) -> None:
    with MailServer() as server:
        settings = msgspec.structs.replace(folder, smtp=through(server).smtp)
        deliver(settings, LETTER, demonstration=True)
    assert server.received == []
    assert len(read_mails(settings.mail_folder)) == 1


def test_a_long_line_of_a_person_is_carried_whole() -> None:
    letter = msgspec.structs.replace(LETTER, text="ποτάμι " * 1100 + "\n")
    with MailServer(offers=("8BITMIME",)) as server:
        deliver(through(server), letter, demonstration=False)
    received = server.received[0]
    assert max(map(len, received.content.split(b"\r\n"))) <= 998
    assert received.mail.text.strip() == letter.text.strip()


def _certificate(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody signed, made for this run."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    wanted = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    command = ["openssl", *wanted.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
