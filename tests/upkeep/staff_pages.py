"""Every page of the staff part in each of its states, as each role comes upon them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import get_args

import httpx
import pyotp
import sqlalchemy as sa

from feedback.city.part import RESTRICTED
from feedback.columns import table_of
from feedback.items.views import Queue
from feedback.ledger.notes import SYSTEM
from feedback.limits.rules import PROVIDER_SOURCE, RESET_ACCOUNT, SECOND_FACTOR, SIGN_IN_ACCOUNT, Limited
from feedback.outbox import deliver
from feedback.outbox.tables import Message
from feedback.people import accounts, factors, sessions
from feedback.people import welcome as links
from feedback.people.tables import Passkey
from feedback.people.welcome import Occasion
from feedback.webhooks import deliver as webhooks
from feedback.webhooks import follow, subscribe
from portal.commands.webhook import REASONS
from portal.environment import Oidc
from portal.oidc import Provider
from portal.source import Source
from portal.staff import sign_in as sign_in_page
from tests.attached import document, photo
from tests.authenticator import Authenticator
from tests.feedback.custody.lived import ask_how_it_went, confirm
from tests.identity_provider import CLIENT, SECRET, IdentityProvider, Person
from tests.town import BASE, Browser, Page
from tests.upkeep.pseudo import marked
from tests.upkeep.tour import WORDS, Tour

PASSWORD = "eleven geese over the river"
DONE = (
    *("taken", "answered", "asked", "resumed", "handed-over", "void", "unvoid", "reopened", "restricted"),
    *("discarded", "released", "sent-again", "reclassified", "lengthened", "urgent", "not-urgent"),
)


def sign_in(tour: Tour) -> None:
    """The door: empty, wrong, too many at once, a session that ended while somebody wrote."""
    stored = accounts.hash_password(PASSWORD)
    tour.account("clerk", email="clerk@example.org", name=marked("Carl"), password_hash=stored)
    browser = tour.visitor()
    assert browser.get("/staff/").status == 303
    assert browser.get("/staff/sign-in").status == 200
    assert _sign(browser, "").status == 422
    assert _sign(browser, PASSWORD[:-1]).status == 422
    held = [sign_in_page._turns.acquire() for _ in range(sign_in_page.VERIFICATIONS)]
    try:
        assert _sign(browser, PASSWORD).status == 429
    finally:
        for _ in held:
            sign_in_page._turns.release()
    guesser = tour.visitor()
    for _ in range(SIGN_IN_ACCOUNT.most):
        with suppress(Limited):
            tour.site.limits.take(SIGN_IN_ACCOUNT, Source(guesser.address), "clerk@example.org")
    assert _sign(guesser, PASSWORD).status == 429
    report = tour.reports()
    kept = browser.client.post(
        f"/staff/item/{report.reference}/answer",
        data={"text": WORDS, "outcome": "done", "version": "1"},
        headers={"Origin": BASE},
        follow_redirects=True,
    )
    assert kept.status_code == 401
    hidden = {
        str(field["name"]): str(field["value"]) for field in Page(kept).soup.select("input[name^=kept-]")
    }
    again = browser.post("/staff/sign-in", email="clerk@example.org", password=PASSWORD, **hidden)
    assert again.status == 200
    assert browser.post("/staff/sign-out", follow=True).status == 200


def welcome(tour: Tour) -> None:
    """A new account, a lost password, and one that the administrator ended: each mail, and where its link leads."""
    known = tour.account("clerk", email="wanda@example.org", name=marked("Wanda"))
    browser = tour.visitor()
    assert browser.get("/staff/forgotten").status == 200
    for email in ("", "wanda"):
        assert browser.post("/staff/forgotten", email=email).status == 422
    assert browser.post("/staff/forgotten", email="wanda@example.org", follow=True).status == 200
    with tour.database.write() as session:
        for occasion in get_args(Occasion)[::2]:
            links.invite(session, account=accounts.get(session, known), occasion=occasion, now=tour.now)
    mails = [mail for mail in tour.reads_mails() if mail.link("welcome")]
    assert len(mails) == len(get_args(Occasion))
    at = mails[-1].link("welcome")
    assert browser.get(at).status == 200
    assert browser.post(at, **{"new-password": "x"}).status == 422
    assert browser.post(at, **{"new-password": PASSWORD}, follow=True).status == 200
    assert browser.get(at).status == 410
    for _ in range(RESET_ACCOUNT.most):
        asked = browser.post("/staff/forgotten", email="wanda@example.org")
    assert asked.status == 429


def provider(tour: Tour) -> None:
    """The city's own provider: the way there, and each way in which the way back ends."""
    tour.account("clerk", email="ada@example.org", name=marked("Ada"))
    with IdentityProvider() as made:
        config = Oidc(
            issuer=made.issuer,
            client_id=CLIENT,
            client_secret=SECRET,
            label=marked("City ID"),
            asks_second_factor=False,
        )
        tour.site.provider = Provider(config, tour.settings.public_url)
        browser = tour.visitor()
        assert browser.get("/staff/sign-in").status == 200
        for status, twist in (
            (503, {"kid": "other"}),
            (403, {"error": "access_denied"}),
            (403, {"person": Person("x")}),
        ):
            before = {name: getattr(made, name) for name in twist}
            for name, value in twist.items():
                setattr(made, name, value)
            assert browser.get(_answer_of(browser)).status == status
            for name, value in before.items():
                setattr(made, name, value)
        answer = _answer_of(browser)
        assert browser.get(answer).status == 303
        assert tour.visitor().get(answer).status == 400
        stranger = tour.visitor()
        for _ in range(PROVIDER_SOURCE.most):
            with suppress(Limited):
                tour.site.limits.take(PROVIDER_SOURCE, Source(stranger.address))
        assert stranger.post("/staff/provider").status == 429
    tour.site.provider = None


def _answer_of(browser: Browser) -> str:
    gone = browser.post("/staff/provider")
    assert gone.status == 200
    return str(httpx.get(gone.response.headers["refresh"].removeprefix("0; url=")).headers["location"])


def account(tour: Tour) -> None:
    """The account page of each role, and what can be done there."""
    for role in ("clerk", "responder", "lead", "quality", "admin", "auditor"):
        browser = tour.signed_in(tour.account(role, name=marked(role.capitalize())))
        assert browser.get("/staff/account").status == 200
        inbox = browser.get("/staff/inbox")
        assert inbox.status == (200 if role in ("clerk", "responder", "lead") else 404)
    assert browser.post("/staff/account/language", language="xx").status == 422
    assert browser.post("/staff/account/language", language=tour.language, follow=True).status == 200
    stored = accounts.hash_password(PASSWORD)
    twice = tour.account("clerk", name=marked("Twice"), password_hash=stored)
    browser, _ = tour.signed_in(twice), tour.signed_in(twice)
    another = browser.get("/staff/account").value("session")
    assert browser.post("/staff/account/sign-out-there", session=another, follow=True).status == 200
    for current, new in (("x", PASSWORD), (PASSWORD, "x"), (PASSWORD, "password1234")):
        fields = {"current": current, "new-password": new}
        assert browser.post("/staff/account/password", **fields).status == 422
    fields = {"current": PASSWORD, "new-password": PASSWORD}
    changed = browser.post("/staff/account/password", follow=True, **fields)
    assert changed.status == 200
    assert browser.post("/staff/account/language", origin="", language="en").status == 403
    assert browser.get("/staff/nowhere").status == 404
    assert browser.post("/staff/account/sign-out-everywhere", follow=True).status == 200


def second_factor(tour: Tour) -> None:
    """The second step of a sign-in, and the page of one's factors: with none, with each, refused, blocked."""
    here, stored = "/staff/account/second-factor", accounts.hash_password(PASSWORD)
    nina = tour.account("clerk", email="nina@example.org", name=marked("Nina"), password_hash=stored)
    browser = tour.signed_in(nina)
    assert browser.get(here).status == 200
    assert browser.post(f"{here}/confirm", current="x").status == 422
    assert browser.post(f"{here}/confirm", current=PASSWORD).status == 303
    browser = _confirmed(tour, nina)
    assert browser.post(f"{here}/passkeys", credential="x").status == 422
    page = browser.get(f"{here}/app")
    set_up = {"set-up": page.value("set-up")}
    assert browser.post(f"{here}/app", **set_up, **{"factor-code": "0"}).status == 422
    assert browser.post(f"{here}/app", **{"factor-code": "0"}).status == 422
    code = _shown(page.field("#app-secret").replace(" ", ""))
    assert browser.post(f"{here}/app", **set_up, **{"factor-code": code}).status == 200

    device = Authenticator(BASE.replace("127.0.0.1", "localhost"))
    browser = _confirmed(tour, nina)
    made = device.makes(browser.post(f"{here}/passkeys/options").response.text)
    name = {"passkey-name": marked("Laptop")}
    assert browser.post(f"{here}/passkeys", credential=made, **name, follow=True).status == 200
    key = int(tour.rows(Passkey)[-1].id)
    browser = tour.signed_in(nina)
    assert browser.get("/staff/account").status == browser.get(here).status == 200
    for path in ("app/remove", "codes", "passkeys/rename", "passkeys/remove"):
        assert browser.post(f"{here}/{path}").status == 303, "not before password and factor were shown"
    assert browser.post(f"{here}/confirm", current=PASSWORD).status == 422
    assert browser.post(f"{here}/confirm", credential="x").status == 422
    browser = _confirmed(tour, nina)
    for done in ("app", "passkey", "renamed", "removed"):
        assert browser.get(here, done=done).status == 200
    named = {"passkey": str(key), "passkey-name": marked("Tablet")}
    assert browser.post(f"{here}/passkeys/rename", **named).status == 303
    codes = browser.post(f"{here}/codes")
    assert codes.status == 200

    half = tour.visitor().post("/staff/sign-in", email="nina@example.org", password=PASSWORD)
    assert half.location == "/staff/sign-in/code"
    door = _half(tour, nina)
    assert door.get("/staff/sign-in/code").status == 200
    assert door.post("/staff/sign-in/code").status == 422
    recovery = codes.soup.select_one(".recovery-code")
    entered = {"factor-code": recovery.get_text() if recovery else ""}
    assert _half(tour, nina).post("/staff/sign-in/code", **entered).status == 303
    assert door.post("/staff/sign-in/passkey", step="code", credential="x").status == 422
    for source in range(SECOND_FACTOR.most):
        assert door.post("/staff/sign-in/code", **{"factor-code": "0"}).status == 422, source
    assert door.post("/staff/sign-in/code", **{"factor-code": "0"}).status == 429
    stranger = tour.visitor()
    assert stranger.post("/staff/sign-in/code").status == 401
    assert stranger.post("/staff/sign-in/passkey/options").status == 200
    assert stranger.post("/staff/sign-in/passkey", credential="x").status == 422
    shown = device.shows(stranger.post("/staff/sign-in/passkey/options").response.text)
    assert stranger.post("/staff/sign-in/passkey", credential=shown).status == 303

    with tour.database.write() as session:
        factors.use_passkey(session, passkey_id=key, sign_count=0, by=SYSTEM, now=tour.now)
    browser = _confirmed(tour, nina)
    assert browser.get(here).status == 200, "a passkey that seems to be copied"
    with tour.database.write() as session:
        factors.remove_app(session, account_id=nina, by=SYSTEM, now=tour.now)
    assert _half(tour, nina).get("/staff/sign-in/code").status == 200, "a passkey only"
    assert browser.post(f"{here}/app/remove", follow=True).status == 200
    browser = _confirmed(tour, nina)
    assert browser.post(f"{here}/passkeys/remove", passkey=str(key), follow=True).status == 200
    asked = _confirmed(tour, nina, must_set_up=True)
    assert asked.get("/staff/inbox", follow=True).status == 200


def _confirmed(tour: Tour, account_id: int, *, must_set_up: bool = False) -> Browser:
    """Somebody who has shown password and factor a moment ago."""
    browser = tour.visitor()
    real_now = datetime.now(UTC)
    with tour.database.write() as session:
        identifier = sessions.start(
            session, account_id=account_id, now=real_now, must_set_up=must_set_up, confirmed_at=real_now
        )
    browser.client.cookies.set("kanali-staff", identifier, domain="127.0.0.1", path="/")
    return browser


def _half(tour: Tour, account_id: int) -> Browser:
    """Somebody who has given the right password."""
    browser = tour.visitor()
    with tour.database.write() as session:
        identifier = sessions.start_half(session, account_id=account_id, now=datetime.now(UTC))
    browser.client.cookies.set("kanali-half", identifier, path="/")
    return browser


def _shown(secret: str) -> str:
    """What an authenticator app shows now."""
    return pyotp.TOTP(secret).now()


def empty_inbox(tour: Tour) -> None:
    """Every queue with nothing in it, as one who sees all and as one who sees a department."""
    for browser in (_clerk(tour), tour.lead("dept-c", name=marked("Lena"))):
        for queue in get_args(Queue):
            assert browser.get("/staff/inbox", queue=queue).status == 200
        assert browser.get("/staff/inbox", kind="idea", done="handed-over").status == 200


def desk(tour: Tour) -> None:
    """One item after the other, through every state, with every refusal that its desk knows."""
    clerk, lead = _clerk(tour), tour.lead("dept-a", "dept-b", name=marked("Lea"))
    una = tour.account("responder", ("dept-a",), name=marked("Una"))
    responder, other = tour.signed_in(una), tour.responder("dept-a", name=marked("Otto"))
    report = tour.reports(service="street-lighting", files=(photo(8, 8), document()))
    confirm(tour, report)
    at = f"/staff/item/{report.reference}"
    seen = _seen(clerk, at)
    for query in ("", "?tab=question", "?queue=open", *(f"?done={done}" for done in DONE)):
        assert clerk.get(at + query).status == 200
    for name in ("photo-1", "photo-1-small", "document-1"):
        assert clerk.get(f"{at}/file/{name}").status == 200
    for path in ("/hand-over", "/void", "/nature", "/deadline"):
        assert clerk.get(at + path).status == 200
        assert clerk.post(at + path, **seen).status == 422
    for more in ("extended", "several", "announced"):
        page = {**_seen(clerk, f"{at}/deadline"), "more": more, "days": "20"}
        assert clerk.post(f"{at}/deadline", **page, reason=WORDS).status == 303
        assert any(report.reference in mail.subject for mail in tour.reads_mails())
    assert clerk.get(f"{at}/deadline").status == report.opened().get("/track").status == 200
    for nature in ("praise", "service_request"):
        page = {**_seen(clerk, f"{at}/nature"), "nature": nature}
        assert clerk.post(f"{at}/nature", **page, reason=WORDS).status == 303
        assert clerk.get(at).status == 200
    seen = _seen(clerk, at)
    assert clerk.post(f"{at}/hand-over", **seen, department="dept-a", service="x").status == 422
    for text, outcome in (("", ""), (marked("x" * 9000), "planned"), (WORDS, "not_ours")):
        assert responder.post(f"{at}/answer", **seen, text=text, outcome=outcome).status == 422
    assert responder.post(f"{at}/ask", **seen).status == 422
    assert responder.post(f"{at}/take", **seen).status == 303
    assert other.post(f"{at}/take", **seen).status == 409
    for browser in (responder, other):
        assert browser.get(at).status == 200
    assert responder.post(f"{at}/ask", **_seen(responder, at), text=WORDS, papers="yes").status == 303
    assert any(report.reference in mail.subject for mail in tour.reads_mails())
    assert responder.get(at).status == 200
    tour.later(days=1)
    before = _seen(other, at)
    report.opened().post("/track/reply", text=WORDS)
    assert responder.get(at).status == 200
    assert other.post(f"{at}/answer", **before, text=WORDS, outcome="done").status == 409
    assert clerk.post(f"{at}/hand-over", **before, department="dept-b", reason=WORDS).status == 409
    for browser, path in ((other, ""), (clerk, ""), (clerk, "/hand-over")):
        assert browser.get(at + path).status == 200
    assert clerk.post(f"{at}/discard", deed="hand-over").status == 303
    assert responder.post(f"{at}/resume", **before).status == 303, "it goes on already"
    now = _seen(responder, at)
    assert (
        responder.post(
            f"{at}/answer", **now, text=WORDS, outcome="planned", planned_on=f"{tour.today}"
        ).status
        == 303
    )
    assert other.post(f"{at}/answer", **now, text=WORDS, outcome="done").status == 409
    assert clerk.post(f"{at}/void", **now, reason=WORDS).status == 409
    for browser in (clerk, responder):
        assert browser.get(at).status == 200
    tour.later(days=6)
    assert ask_how_it_went(tour) > 0
    report.opened().post("/survey/mine", outcome="1", handling="0", comment=WORDS)
    assert lead.get(at).status == 200
    report.opened().post("/track/second-look", text=WORDS)
    assert responder.get(at).status == other.get(at).status == lead.get(at).status == 200
    barred = {**_seen(other, at), "text": WORDS, "outcome": "done"}
    assert responder.post(f"{at}/answer", **barred).status == 403
    assert (
        other.post(
            f"{at}/answer", **_seen(other, at), text=WORDS, outcome="not_ours", forwarded_to=WORDS
        ).status
        == 303
    )
    assert clerk.get(f"{at}/reopen").status == 200
    assert clerk.post(f"{at}/reopen", **_seen(clerk, f"{at}/reopen")).status == 422
    assert clerk.post(f"{at}/reopen", **_seen(clerk, f"{at}/reopen"), reason=WORDS).status == 303
    assert clerk.get(at).status == 200
    tour.later(days=60)
    assert clerk.get(at).status == 200
    assert clerk.post(f"{at}/hand-over", **_seen(clerk, at), department="dept-b", reason=WORDS).status == 303
    gone = {"version": "1", "text": WORDS, "outcome": "done"}
    assert responder.post(f"{at}/answer", **gone).status == 404
    assert lead.get(at).status == 200


def other_items(tour: Tour) -> None:
    """Items without a department, set aside, withdrawn, closed, anonymous, without words, handed out of sight."""
    clerk = _clerk(tour)
    triage = tour.citizen_reports(marked("Good day"), lat="54.9", lon="23.9")
    at = f"/staff/item/{triage.reference}"
    for path in ("", "/hand-over"):
        assert clerk.get(at + path).status == 200
    assert clerk.post(f"{at}/void", **_seen(clerk, at), reason=WORDS).status == 303
    assert clerk.get(at).status == 200
    assert clerk.post(f"{at}/unvoid", **_seen(clerk, at)).status == 303
    assert clerk.get(at).status == 200
    assert clerk.post(f"{at}/hand-over", **_seen(clerk, at), department="dept-a", reason=WORDS).status == 303
    responder = tour.responder("dept-a", name=marked("Rhea"))
    moved = responder.post(
        f"{at}/hand-over", **_seen(responder, at), department="dept-b", reason=WORDS, follow=True
    )
    assert moved.status == 200
    held = tour.reports(service="roads", website=WORDS)
    at = f"/staff/item/{held.reference}"
    assert clerk.get("/staff/inbox", queue="held").status == clerk.get(at).status == 200
    assert clerk.post(f"{at}/hand-over", **_seen(clerk, at), department="dept-c", reason=WORDS).status == 409
    assert clerk.post(f"{at}/release", **_seen(clerk, at)).status == 303
    assert clerk.get(at).status == 200
    for words in (
        marked("gas, a live wire, a fire and a flood"),
        marked("a wall will collapse, somebody is injured, a child fell: danger"),
        marked("Mr Smith, a@example.org, tel 2810 123456, plate ΗΡΑ-1234"),
        marked("LT12 1000 0111 0100 1000, ΑΦΜ 090000045, ΑΜΚΑ 01018012342"),
        marked("asmens kodas 38001010015"),
    ):
        urgent = tour.citizen_reports(words, service="roads")
        at = f"/staff/item/{urgent.reference}"
        assert clerk.get("/staff/inbox").status == clerk.get(at).status == 200
        assert clerk.post(f"{at}/urgent", **_seen(clerk, at), urgent="no").status == 303
        assert clerk.post(f"{at}/urgent", **_seen(clerk, at), urgent="yes").status == 303
        assert clerk.get(at).status == clerk.get("/staff/inbox").status == 200
    anonymous = tour.citizen_reports(WORDS, kind="complaint", service="street-lighting", anonymous="yes")
    withdrawn = tour.reports(kind="praise", service="noise", email="")
    withdrawn.opened().post("/track/withdraw")
    closed = tour.reports(marked("a deep pothole"), kind="question")
    tour.asks(closed, WORDS)
    tour.later(days=3)
    tour.answers(closed, WORDS, outcome="explained")
    tour.later(days=40)
    assert tour.closes(closed)
    imported = tour.imports("17")
    for report in (anonymous, withdrawn, closed, imported):
        assert clerk.get(f"/staff/item/{report.reference}").status == 200
    at = f"/staff/item/{imported.reference}"
    assert clerk.post(f"{at}/ask", **_seen(clerk, at), text=WORDS).status in (403, 409)
    assert clerk.get("/staff/item/RIV-2026-999999").status == 404


def undelivered(tour: Tour) -> None:
    """Mails that did not arrive, for every reason; webhooks, in every state of a subscription."""
    clerk, admin = _clerk(tour), tour.signed_in(tour.account("admin", name=marked("Ada")))
    assert clerk.get("/staff/undelivered").status == admin.get("/staff/webhooks").status == 200
    for reason in ("smtp_550", "smtp_451", "letters_of_address", "unreachable", "KeyError at letters.py:1"):
        report = tour.reports()
        message_id = tour.rows(Message)[-1].id
        with tour.database.write() as session:
            deliver.end(session, message_id=message_id, state="failed", now=tour.now, reason=reason)
    for kind in ("question", "answer", "survey", "elsewhere"):
        failed = {"kind": kind, "state": "failed", "failed_at": tour.now, "reason": "smtp_550"}
        values = {**_message(tour, report.id, kind), **failed}
        with tour.database.write() as session:
            session.execute(sa.insert(table_of(Message)).values(**values))
    at = f"/staff/item/{report.reference}"
    for path in ("/staff/undelivered", "/staff/undelivered?done=sent-again", "/staff/inbox", at):
        assert clerk.get(path).status == 200
    message = clerk.get(at).value("message")
    assert clerk.post(f"{at}/send-again", message=message, follow=True).status == 200
    assert clerk.post(f"{at}/send-again").status == 404
    assert clerk.get(at).status == 200
    reasons = (*REASONS, "http_503", "disabled", "KeyError at hooks.py:1")
    with tour.database.write() as session:
        for number, reason in enumerate(reasons):
            where, events = subscribe.check(f"https://works{number}.example.org/", [])
            made = subscribe.add(session, where=where, events=events, by=SYSTEM, now=tour.now)
            news = [follow.News("item.received", f"msg_{reason}", None, "{}")]
            follow.tell(session, made.id or 0, news, now=tour.now)
            webhooks.end(session, delivery_id=number + 1, state="failed", now=tour.now, reason=reason)
        subscribe.disable(session, subscription_id=1, reason="gone", by=SYSTEM, now=tour.now)
    assert admin.get("/staff/webhooks").status == 200
    assert admin.post("/staff/webhooks", subscription="1").status == 409
    assert admin.post("/staff/webhooks", subscription="2", follow=True).status == 200
    assert admin.post("/staff/webhooks").status == 404
    with tour.database.write() as session:
        for number in range(len(reasons)):
            subscribe.remove(session, subscription_id=number + 1, by=SYSTEM, now=tour.now)


def restricted_items(tour: Tour) -> None:
    """A case that few see: restricted as it comes in, by hand, named for, read, given up, lifted."""
    clerk, head = _clerk(tour), tour.lead("dept-c", name=marked("Hilda"))
    helper = tour.account("responder", ("dept-a",), name=marked("Hal"))
    report = tour.reports(kind="complaint", service="staff-conduct")
    assert report.opened().get("/track").status == 200
    at = f"/staff/item/{report.reference}"
    assert clerk.get(at).status == 404
    assert head.get("/staff/inbox", queue="restricted").status == 200
    for path in ("", "/named", "/named?done=named", "/named?done=ended", "/lift"):
        assert head.get(at + path).status == 200
    seen = {"version": head.get(at).value("version")}
    first = head.get(f"{at}/named").value("grant")
    assert head.post(f"{at}/named", **seen, who="").status == 422
    assert head.post(f"{at}/named", version="0", who=f"account:{helper}").status == 409
    assert head.post(f"{at}/named/end", **seen, grant=first).status == 403
    assert head.post(f"{at}/named", **seen, who=f"account:{helper}").status == 303
    named = tour.signed_in(helper)
    seen = {"version": named.get(at).value("version")}
    assert named.get(f"{at}/named").status == 200
    assert named.post(f"{at}/named", **seen, who="department:dept-a").status == 403
    own = named.get(f"{at}/named").value("grant")
    assert named.post(f"{at}/named/end", **seen, grant=own, follow=True).status == 200
    assert head.post(f"{at}/named/end", **_seen(head, at), grant=own).status == 303
    assert head.post(f"{at}/lift", **_seen(head, at)).status == 422
    assert head.post(f"{at}/lift", **_seen(head, at), reason=WORDS).status == 303
    assert head.get(f"{at}?done=lifted").status == 200
    for ground in RESTRICTED:
        other = tour.reports(service="roads")
        at = f"/staff/item/{other.reference}"
        assert clerk.get(f"{at}/restrict").status == 200
        assert clerk.post(f"{at}/restrict", **_seen(clerk, at)).status == 422
        fields = {"restricted": ground, "department": "dept-c", "reason": WORDS}
        assert clerk.post(f"{at}/restrict", **_seen(clerk, at), **fields, follow=True).status == 200
        assert head.get(at).status == 200
    unassigned = tour.citizen_reports(WORDS, kind="complaint")
    at = f"/staff/item/{unassigned.reference}"
    fields = {"restricted": "health", "department": "dept-c", "reason": WORDS}
    assert clerk.post(f"{at}/restrict", **_seen(clerk, at), **fields).status == 303
    assert unassigned.opened().get("/track").status == 200
    moved = {"department": "dept-b", "reason": WORDS}
    assert head.post(f"{at}/hand-over", **_seen(head, at), **moved).status == 303
    assert head.post(f"{at}/lift", **_seen(head, at), reason=WORDS, follow=True).status == 200


def full_inbox(tour: Tour) -> None:
    """Every queue with something in it, page by page."""
    for kind, service in (("request", "noise"), ("idea", "roads"), ("question", ""), ("complaint", "roads")):
        tour.reports(kind=kind, service=service)
        tour.later(days=2)
    asked, void = tour.reports(kind="question"), tour.reports()
    tour.asks(asked, WORDS)
    tour.voids(void, reason=WORDS)
    for number in range(60):
        tour.imports(f"old {number}")
    clerk = _clerk(tour)
    assert clerk.get(f"/staff/item/{asked.reference}").status == 200
    mine = tour.reports(service="roads")
    assert (
        clerk.post(
            f"/staff/item/{mine.reference}/take", **_seen(clerk, f"/staff/item/{mine.reference}")
        ).status
        == 303
    )
    for browser in (clerk, tour.lead("dept-a", name=marked("Lou"))):
        for queue in get_args(Queue):
            page = browser.get("/staff/inbox", queue=queue)
            assert page.status == 200
            more = page.soup.select_one(".list-foot a.govuk-button")
            if more is not None:
                assert browser.get(str(more["href"])).status == 200
    assert clerk.get("/staff/inbox", department="dept-a", service="roads", kind="question").status == 200


def _message(tour: Tour, item_id: int, kind: str) -> dict[str, object]:
    """The columns of a mail about a case that its kind does not change."""
    return {
        "item_id": item_id,
        "contact_id": 1,
        "language": tour.language,
        "facts": "{}",
        "stable_id": kind,
        "made_at": tour.now,
    }


def _sign(browser: Browser, password: str) -> Page:
    return browser.post("/staff/sign-in", email="clerk@example.org" if password else "", password=password)


def _clerk(tour: Tour) -> Browser:
    return tour.clerk(name=marked("Clio"))


def _seen(browser: Browser, at: str) -> dict[str, str]:
    """The hidden fields of the desk's forms, as this person sees them now."""
    page = browser.get(at)
    assert page.status == 200
    found = {name: page.value(name) for name in ("version", "last_entry")}
    if not found["version"]:  # No form is left on the desk.
        found = {"version": "0", "last_entry": "0"}
    return found
