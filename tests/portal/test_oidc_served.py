"""The city's own provider and a served portal: settings, processes and a browser, the whole way once."""

from __future__ import annotations

from pathlib import Path

import httpx
from bs4 import BeautifulSoup

from tests.identity_provider import CLIENT, SECRET, IdentityProvider
from tests.running import kanali, running
from tests.town import RIVERTON

ADMIN = ("--admin-email", "ada@example.org", "--admin-name", "Ada")


def test_staff_sign_in_to_a_served_portal_by_the_provider(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kanali.db"
    made = kanali("init", "--city", str(RIVERTON), *ADMIN, url=url, folder=tmp_path)
    assert made.returncode == 0, made.stderr
    secret = tmp_path / "client-secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    with IdentityProvider() as provider:
        settings = {
            "KANALI_OIDC_ISSUER": provider.issuer,
            "KANALI_OIDC_CLIENT_ID": CLIENT,
            "KANALI_OIDC_CLIENT_SECRET_FILE": str(secret),
            "KANALI_OIDC_LABEL": "City ID",
        }
        with running(url, tmp_path, more=settings, arguments=("--no-worker",)) as portal:
            with httpx.Client(base_url=portal.address, headers={"Accept-Language": "en"}) as browser:
                door = BeautifulSoup(browser.get("/staff/sign-in").text, "html.parser")
                button = door.select_one("form[action='/staff/provider'] button")
                assert button is not None and "City ID" in button.get_text()
                gone = browser.post("/staff/provider", headers={"Origin": portal.address})
                href = gone.headers["refresh"].removeprefix("0; url=")
                assert href.startswith(provider.issuer)
                back = httpx.get(href).headers["location"]
                assert back.startswith(portal.address + "/staff/provider/return?")
                signed = browser.get(back)
                assert (signed.status_code, signed.headers["location"]) == (303, "/staff/account")
                assert "ada@example.org" in browser.get("/staff/account").text
            code = back.partition("code=")[2].partition("&")[0]
            assert code and code not in portal.log
            assert "sub-1" not in portal.log and "ada@" not in portal.log
    assert provider.count("/token") == 1
