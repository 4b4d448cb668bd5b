"""Passkeys in Chromium, with an authenticator that the browser itself plays: made, shown, copied, removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from feedback.custody.verify import verify
from feedback.ledger.tables import Note
from feedback.people.tables import Passkey, StaffSession
from tests.journeys.served_town import PASSWORD, ServedTown, served
from tests.town import Browser as Plain

HERE = "/staff/account/second-factor"
REFUSED = "This passkey could not be used."
SHOW = """async (options) => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
  const given = await navigator.credentials.get({
    publicKey: { challenge: bytes(options.challenge), rpId: options.rpId, userVerification: options.userVerification },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = given.response;
  return JSON.stringify({ id: given.id, rawId: text(given.rawId), type: given.type, response: {
    clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData),
    signature: text(signature), userHandle: userHandle && text(userHandle) } });
}"""
"""What `passkeys.js` does, on a page that is not ours."""


class Device:
    """A browser with an authenticator that asks nobody anything."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.page: Page = browser.new_context(base_url=address, locale="en").new_page()
        self._cdp: CDPSession = self.page.context.new_cdp_session(self.page)
        self._cdp.send("WebAuthn.enable")
        self._id = self._plug_in()

    def _plug_in(self) -> str:
        return str(
            self._cdp.send(
                "WebAuthn.addVirtualAuthenticator",
                {
                    "options": {
                        "protocol": "ctap2",
                        "transport": "internal",
                        "hasResidentKey": True,
                        "hasUserVerification": True,
                        "isUserVerified": True,
                        "automaticPresenceSimulation": True,
                    }
                },
            )["authenticatorId"]
        )

    def recognises(self, *, is_person: bool) -> None:
        """Whether it makes sure of its person from now on."""
        self._cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": is_person})

    def counts_from(self, count: int) -> None:
        """Its one passkey becomes a copy that was made when so much was counted."""
        (held,) = self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})["credentials"]
        self._cdp.send(
            "WebAuthn.removeCredential", {"authenticatorId": self._id, "credentialId": held["credentialId"]}
        )
        copy = {**held, "signCount": count}
        self._cdp.send("WebAuthn.addCredential", {"authenticatorId": self._id, "credential": copy})

    def signs_in(self) -> None:
        """With the passkey alone."""
        self.page.context.clear_cookies()
        self.page.goto("/staff/sign-in")
        self.page.get_by_role("button", name="Use a passkey").click()

    def shown(self, options: dict[str, Any]) -> str:
        """What it gives to the page that is open now."""
        return str(self.page.evaluate(SHOW, options))


@pytest.fixture
def town(sqlite_template: Path, tmp_path: Path, chromium: str) -> Iterator[ServedTown]:
    with served(sqlite_template, tmp_path) as town:
        town.employs("clerk", email="carla@example.org", name="Carla")
        yield town


@pytest.fixture
def device(browser: Browser, town: ServedTown) -> Device:
    """Carla's browser at the name of the machine, with a passkey made there."""
    device = Device(browser, town.address.replace("127.0.0.1", "localhost"))
    page = device.page
    page.goto("/staff/sign-in")
    page.get_by_label("E-mail address").fill("carla@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(HERE)
    page.get_by_label("Present password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name of the new passkey").fill("  Carla's  laptop\t")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    return device


def acts(town: ServedTown) -> list[str]:
    return [note.act for note in town.rows(Note) if note.kind == "account"]


def test_a_passkey_is_made_and_signs_in_alone_and_as_the_second_step(
    town: ServedTown, device: Device
) -> None:
    page = device.page
    (kept,) = town.rows(Passkey)
    assert (kept.name, kept.used_at, kept.transports) == ("Carla's laptop", None, "internal")
    assert acts(town)[-2:] == ["second_factor_added", "recovery_codes_made"]

    device.signs_in()
    page.wait_for_url("**/staff/inbox")
    assert town.count(StaffSession) == 2, "the one that was made with the passkey, and this one"

    page.context.clear_cookies()
    page.goto("/staff/sign-in")
    page.get_by_label("E-mail address").fill("carla@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.goto("/staff/inbox")
    assert page.url.endswith("/staff/sign-in"), "half a session opens nothing"
    page.goto("/staff/sign-in/code")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/staff/inbox")

    page.goto(HERE)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("Remove the passkey").first.click()
    expect(page.get_by_role("button", name="Remove the passkey")).to_be_visible()
    assert town.rows(Passkey)[0].sign_count > kept.sign_count


def test_a_device_that_is_not_sure_of_its_person_and_a_copy_open_nothing(
    town: ServedTown, device: Device
) -> None:
    device.recognises(is_person=False)
    device.signs_in()
    expect(device.page.get_by_text("No passkey was used.")).to_be_visible()
    assert device.page.evaluate("document.activeElement.matches('[data-passkey]')"), (
        "the focus stays where it was"
    )

    device.recognises(is_person=True)
    device.signs_in()
    device.page.wait_for_url("**/staff/inbox")
    device.counts_from(0)
    device.signs_in()
    expect(device.page.get_by_text(REFUSED)).to_be_visible()
    assert town.rows(Passkey)[0].copied_at is not None
    assert acts(town)[-1] == "passkey_copied"
    device.counts_from(1000)
    device.signs_in()
    expect(device.page.get_by_text(REFUSED)).to_be_visible()
    assert acts(town).count("passkey_copied") == 1
    with town.read() as session:
        assert list(verify(session)) == []


def test_what_was_shown_elsewhere_or_before_or_was_removed_opens_nothing(
    town: ServedTown, device: Device
) -> None:
    """A page at another port of this machine may ask for the same passkey: the browser tells us where it was shown."""

    def options(thief: Plain) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(thief.post("/staff/sign-in/passkey/options").response.text)
        return found

    thief = town.visitor()
    device.page.route("http://localhost:9/", lambda route: route.fulfill(body="<title>Lure</title>"))
    device.page.goto("http://localhost:9/")
    lured = device.shown(options(thief))
    page = thief.post("/staff/sign-in/passkey", credential=lured)
    assert page.status == 422 and REFUSED in page.text

    device.page.goto("/staff/sign-in")
    right = device.shown(options(thief))
    assert thief.post("/staff/sign-in/passkey", credential=right).location == "/staff/inbox"
    again = town.visitor().post("/staff/sign-in/passkey", credential=right)
    assert again.status == 422, "an answer is taken once"
    own = device.shown({**options(thief), "challenge": "AAAA"})
    assert town.visitor().post("/staff/sign-in/passkey", credential=own).status == 422, "not our challenge"

    shown = device.shown(options(thief))
    assert thief.post(f"{HERE}/confirm", credential=shown).location == HERE
    (passkey,) = town.rows(Passkey)
    assert thief.post(f"{HERE}/passkeys/remove", passkey=str(passkey.id)).location == f"{HERE}?done=removed"
    assert acts(town)[-1] == "second_factor_removed"
    device.signs_in()
    expect(device.page.get_by_text(REFUSED)).to_be_visible()
