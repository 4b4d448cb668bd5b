"""Signing in with the city's own provider: the whole way, whom it lets in, and everything that it must not believe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from feedback.custody.verify import verify
from feedback.ledger.notes import SYSTEM, Actor
from feedback.limits.rules import PROVIDER_SOURCE
from feedback.people import accounts, factors, identities, sessions, totp
from feedback.people.tables import Account, Identity, SpentChallenge, StaffSession
from portal import oidc
from portal.environment import Oidc
from portal.oidc import Provider
from portal.source import Source
from tests.identity_provider import CLIENT, SECRET, IdentityProvider, Person
from tests.town import Browser, Page, Town

ELSEWHERE = httpx.Client(verify=False)
"""The browser, when it is not with us."""
STARTED = "On the way to the sign-in"
NO_ACCOUNT = "No account opens with this sign-in"
OVER = "This sign-in has ended"
NOT_NOW = "This way of signing in does not work at this moment"


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as made:
        yield made


@pytest.fixture
def house(sqlite_town: Town, provider: IdentityProvider) -> Town:
    """A town whose staff sign in with the provider."""
    return configured(sqlite_town, provider)


def configured(
    town: Town, provider: IdentityProvider, *, limit: float = oidc.LIMIT, asks_second_factor: bool = False
) -> Town:
    config = Oidc(
        issuer=provider.issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        label="City ID",
        asks_second_factor=asks_second_factor,
    )
    town.site.provider = Provider(config, town.settings.public_url, limit=limit)
    return town


def leaves(browser: Browser) -> str:
    """Press the button; where it leads."""
    page = browser.post("/staff/provider")
    assert (page.status, page.heading) == (200, STARTED), page.text
    href = str(page.soup.select_one("main a.govuk-button")["href"])  # type: ignore[index]
    assert page.response.headers["refresh"] == f"0; url={href}"
    return href


def sent_back(href: str) -> str:
    """What the provider answers, by way of the browser: the address of ours to which it sends it."""
    response = ELSEWHERE.get(href)
    assert response.status_code == 302, response.text
    return str(response.headers["location"])


def signs_in(town: Town, browser: Browser | None = None) -> Page:
    browser = browser or town.visitor()
    return browser.get(sent_back(leaves(browser)))


def is_in(page: Page) -> bool:
    return page.status == 303 and page.location in ("/staff/inbox", "/staff/account")


# ── who gets in ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_person_with_an_account_gets_in_and_is_bound_to_it(town: Town, provider: IdentityProvider) -> None:
    """The address counts once; afterwards the person does, whatever the address is by then."""
    configured(town, provider)
    ada = town.account("clerk", email="ada@example.org")
    browser = town.visitor()
    assert "Sign in with City ID" in browser.get("/staff/sign-in").text
    page = signs_in(town, browser)
    assert is_in(page)
    assert browser.get("/staff/inbox").status == 200
    (bound,) = town.rows(Identity)
    assert (bound.account_id, bound.issuer, bound.subject) == (ada, provider.issuer, "sub-1")
    provider.person = Person("sub-1", "ada.married@example.org", is_verified=False)
    assert is_in(signs_in(town))
    assert town.count(Identity) == 1
    assert [row.account_id for row in town.rows(StaffSession)] == [ada, ada]
    with town.read() as session:
        assert list(verify(session)) == []


def test_another_person_with_the_same_address_does_not_get_in(town: Town, provider: IdentityProvider) -> None:
    """An address may be given to somebody else; until the binding is taken off, the account is not theirs."""
    configured(town, provider)
    town.account("clerk", email="ada@example.org")
    assert is_in(signs_in(town))
    provider.person = Person("sub-2", "ada@example.org")
    assert signs_in(town).heading == NO_ACCOUNT
    with town.database.write() as session:
        identities.unbind(session, email="ada@example.org", by=SYSTEM, now=town.now)
    assert is_in(signs_in(town))
    assert [row.subject for row in town.rows(Identity) if row.ended_at is None] == ["sub-2"]
    with town.read() as session:
        assert list(verify(session)) == []


def test_each_signature_of_the_list_is_taken(house: Town, provider: IdentityProvider) -> None:
    house.account("clerk", email="ada@example.org")
    for algorithm in ("RS256", "PS256", "ES256", "EdDSA"):
        provider.algorithm = algorithm
        assert is_in(signs_in(house)), algorithm


def test_unknown_disabled_and_unverified_are_told_the_same_and_no_account_is_made(
    house: Town, provider: IdentityProvider
) -> None:
    house.account("clerk", email="ada@example.org")
    house.account("clerk", email="gone@example.org")
    with house.database.write() as session:
        accounts.disable(session, email="gone@example.org", by=SYSTEM, now=house.now)
    pages = []
    for person in (
        Person("sub-3", "nobody@example.org"),
        Person("sub-4", "gone@example.org"),
        Person("sub-5", "ada@example.org", is_verified=False),
        Person("sub-6", "ada@example.org", is_verified="true"),
        Person("sub-7", "ada@example.org", is_verified=None),
        Person("sub-8", ""),
        Person("sub-9", "ad\u0430@example.org"),
        Person("sub-10", " ada@example.org"),
    ):
        provider.person = person
        pages.append(signs_in(house))
    assert {(page.status, page.heading) for page in pages} == {(403, NO_ACCOUNT)}
    assert len({page.response.text for page in pages}) == 1
    assert house.count(Account) == 2
    assert house.count(Identity) == house.count(StaffSession) == 0


def test_a_bound_account_that_is_disabled_stays_closed(house: Town) -> None:
    house.account("clerk", email="ada@example.org")
    assert is_in(signs_in(house))
    with house.database.write() as session:
        accounts.disable(session, email="ada@example.org", by=SYSTEM, now=house.now)
    assert signs_in(house).heading == NO_ACCOUNT


def test_the_address_may_stand_in_the_providers_record(house: Town, provider: IdentityProvider) -> None:
    house.account("clerk", email="ada@example.org")
    provider.has_email_in_token = False
    provider.record = {"sub": "somebody-else"}
    assert signs_in(house).heading == NOT_NOW
    provider.record = {}
    assert is_in(signs_in(house))


def test_a_second_factor_may_be_asked_for_as_well(house: Town, provider: IdentityProvider) -> None:
    """Else the provider's word is all that is asked, whatever was set up here."""
    ada = house.account("clerk", email="ada@example.org")
    with house.database.write() as session:
        by, salt = Actor("staff", ada), totp.new_salt()
        factors.add_app(session, account_id=ada, salt=salt, step=0, by=by, now=house.now)
    assert is_in(signs_in(house))
    half = house.visitor()
    page = signs_in(configured(house, provider, asks_second_factor=True), half)
    assert page.location == "/staff/sign-in/code"
    assert half.get("/staff/inbox").location == "/staff/sign-in"


# ── what is not believed ────────────────────────────────────────────────────────────────────────────────────

NOW = int(time.time())
FALSE_TOKENS: dict[str, dict[str, Any]] = {
    "another's nonce": {"claims": {"nonce": "0" * 64}},
    "no nonce": {"claims": {"nonce": None}},
    "for another client": {"claims": {"aud": "another"}},
    "for no client": {"claims": {"aud": None}},
    "for us and another, asked for by nobody": {"claims": {"aud": [CLIENT, "another"]}},
    "for us, asked for by another": {"claims": {"aud": CLIENT, "azp": "another"}},
    "of another issuer": {"claims": {"iss": "https://elsewhere.example"}},
    "of an issuer nearly ours": {"claims": {"iss": "http://127.0.0.1"}},
    "expired": {"claims": {"exp": NOW - 120}},
    "without an end": {"claims": {"exp": None}},
    "whose end is no number": {"claims": {"exp": "later"}},
    "of tomorrow": {"claims": {"iat": NOW + 3600}},
    "not good yet": {"claims": {"nbf": NOW + 3600}},
    "of last week": {"claims": {"iat": NOW - 604_800}},
    "without a subject": {"claims": {"sub": None}},
    "of a subject that is none": {"claims": {"sub": 7}},
    "of a subject too long": {"claims": {"sub": "x" * 300}},
    "of another access token": {"claims": {"at_hash": "x" * 22}},
    "unsigned": {"algorithm": "none"},
    "signed by the public key as a secret": {"algorithm": "HS256-public"},
    "signed by the secret of the client": {"algorithm": "HS256-secret"},
    "signed by a stranger": {"algorithm": "RS256-stranger"},
    "changed after it was signed": {"algorithm": "RS256-changed"},
    "signed by a key that is not published": {"kid": "key-9"},
}


def test_a_false_token_is_not_believed(house: Town, provider: IdentityProvider) -> None:
    """Each by itself; and nothing is spoiled by it for whoever comes next."""
    house.account("clerk", email="ada@example.org")
    honest = {"claims": {}, "algorithm": "RS256", "kid": "key-1"}
    believed = []
    for named, twist in FALSE_TOKENS.items():
        for attribute, value in {**honest, **twist}.items():
            setattr(provider, attribute, value)
        page = signs_in(house)
        if (page.status, page.heading) != (503, NOT_NOW):
            believed.append(named)
    assert believed == []
    assert house.count(StaffSession) == house.count(Identity) == 0
    for attribute, value in honest.items():
        setattr(provider, attribute, value)
    assert is_in(signs_in(house))


def test_us_and_another_where_we_asked_for_it_is_believed(house: Town, provider: IdentityProvider) -> None:
    house.account("clerk", email="ada@example.org")
    provider.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert is_in(signs_in(house))


def test_a_new_key_is_looked_for_once(house: Town, provider: IdentityProvider) -> None:
    """Keys are kept for an hour, and changed ones found at once; a token can't make us ask for them all day."""
    house.account("clerk", email="ada@example.org")
    assert is_in(signs_in(house))
    assert is_in(signs_in(house))
    assert provider.count("/jwks") == 1
    assert provider.count("/.well-known/openid-configuration") == 1
    provider.rotates("key-2")
    assert is_in(signs_in(house))
    assert provider.count("/jwks") == 2
    provider.kid = "key-9"
    assert [signs_in(house).heading for _ in range(3)] == [NOT_NOW] * 3
    assert provider.count("/jwks") == 2


# ── whose answer it is ──────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_that_another_browser_asked_for_is_refused(house: Town) -> None:
    """Nobody is signed in to the account of somebody who sends a link."""
    house.account("clerk", email="ada@example.org")
    theirs = sent_back(leaves(house.visitor()))
    victim = house.visitor()
    assert victim.get(theirs).heading == OVER
    leaves(victim)
    assert victim.get(theirs).heading == OVER
    assert house.count(StaffSession) == 0


def test_an_answer_is_taken_once(house: Town) -> None:
    house.account("clerk", email="ada@example.org")
    browser = house.visitor()
    answer = sent_back(leaves(browser))
    ticket = browser.client.cookies["kanali-provider"]
    assert is_in(browser.get(answer))
    assert "kanali-provider" not in browser.client.cookies
    browser.client.cookies.set("kanali-provider", ticket, path="/")
    assert browser.get(answer).heading == OVER
    assert house.count(StaffSession) == 1
    (spent,) = house.rows(SpentChallenge)
    with house.database.write() as session:
        sessions.purge(session, now=spent.ends_at)
    assert house.count(SpentChallenge) == 0


def test_a_forged_answer_is_refused_before_the_provider_is_asked(
    house: Town, provider: IdentityProvider
) -> None:
    browser = house.visitor()
    answer = sent_back(leaves(browser))
    state = parse_qs(urlsplit(answer).query)["state"][0]
    for change in ("state=other", "state=", "state=%00%F0%9F%98%80"):
        assert browser.get(answer.replace(f"state={state}", change)).status == 400, change
    for cookie in ("", "made-up", "made-up~99999999999.0", "\x7f"):
        browser.client.cookies.clear()
        browser.client.cookies.set("kanali-provider", cookie, path="/")
        assert browser.get(answer).status == 400, cookie
    assert provider.count("/token") == 0


def test_the_answer_of_another_provider_is_not_taken_for_ours(
    house: Town, provider: IdentityProvider
) -> None:
    """Mix-up (RFC 9207): the provider says that it names itself, so an answer without a name is none either."""
    house.account("clerk", email="ada@example.org")
    for issuer in ("https://elsewhere.example", "", None):
        provider.answer = {"iss": issuer}
        assert signs_in(house).heading == NOT_NOW, issuer
    assert provider.count("/token") == 0
    provider.description = {"authorization_response_iss_parameter_supported": False}
    assert is_in(signs_in(configured(house, provider)))


def test_a_description_that_is_false_or_insecure_is_refused(house: Town, provider: IdentityProvider) -> None:
    for description in (
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "http://user@127.0.0.1/"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ):
        provider.description = description
        configured(house, provider)
        assert house.visitor().post("/staff/provider").heading == NOT_NOW, description


def test_a_client_that_sends_its_secret_in_the_form_is_let_in(
    house: Town, provider: IdentityProvider
) -> None:
    provider.description = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    house.account("clerk", email="ada@example.org")
    assert is_in(signs_in(house))


# ── when it does not work ───────────────────────────────────────────────────────────────────────────────────


def test_a_provider_that_answers_nonsense_is_a_page(house: Town, provider: IdentityProvider) -> None:
    house.account("clerk", email="ada@example.org")
    faults = ("500", "404", "nonsense", "another shape", "huge", "elsewhere", "hang up")
    found = {}
    for path in ("/.well-known/openid-configuration", "/token", "/jwks"):
        for does in faults:
            provider.does = {path: does}
            configured(house, provider)
            begun = path.endswith("configuration")
            page = house.visitor().post("/staff/provider") if begun else signs_in(house)
            found[path, does] = (page.status, page.heading)
    assert set(found.values()) == {(503, NOT_NOW)}, found
    provider.does = {}
    assert is_in(signs_in(configured(house, provider)))


@pytest.mark.parametrize("does", ["hang", "drip"])
def test_a_slow_provider_is_not_waited_for(sqlite_town: Town, provider: IdentityProvider, does: str) -> None:
    """Neither one that says nothing nor one that says a letter at a time; the limit is shorter here than in earnest."""
    house = configured(sqlite_town, provider, limit=0.5)
    provider.does = {"/token": does}
    began = time.monotonic()
    assert signs_in(house).heading == NOT_NOW
    assert time.monotonic() - began < oidc.LIMIT


def test_only_so_many_wait_for_it(house: Town, provider: IdentityProvider) -> None:
    made = house.site.provider
    assert made is not None
    for _ in range(oidc.AT_ONCE):
        assert made._places.acquire(blocking=False)
    page = house.visitor().post("/staff/provider")
    assert (page.status, page.response.headers["retry-after"]) == (503, "60")
    assert provider.asked == []


def test_a_person_who_does_not_agree_is_told_so(house: Town, provider: IdentityProvider) -> None:
    for error in ("access_denied", "server_error", "<script>"):
        provider.error = error
        page = signs_in(house)
        assert (page.status, page.heading) == (403, "You were not signed in")
        assert "<script>" not in page.text
    assert provider.count("/token") == 0


def test_an_answer_without_a_code_is_refused(house: Town, provider: IdentityProvider) -> None:
    for code in (None, "", "x" * 3000):
        provider.answer = {"code": code}
        assert signs_in(house).heading == NOT_NOW
    assert provider.count("/token") == 0


def test_without_a_provider_there_is_no_such_page(sqlite_town: Town) -> None:
    browser = sqlite_town.visitor()
    assert "City ID" not in browser.get("/staff/sign-in").text
    assert browser.post("/staff/provider").status == 404
    assert browser.get("/staff/provider/return", state="x", code="y").status == 404


def test_sign_ins_are_begun_so_often_only(house: Town) -> None:
    browser = house.visitor()
    for _ in range(PROVIDER_SOURCE.most - 1):
        house.site.limits.take(PROVIDER_SOURCE, Source(browser.address))
    assert [browser.post("/staff/provider").status for _ in range(3)] == [200, 429, 429]


def test_nobody_is_sent_there_by_another_page(house: Town, provider: IdentityProvider) -> None:
    assert house.visitor().post("/staff/provider", origin="https://elsewhere.example").status == 403
    assert house.visitor().get("/staff/provider").status in (404, 405)
    assert provider.asked == []


def test_words_that_an_ended_session_left_wait_in_the_first_window(house: Town) -> None:
    """The provider's button opens a window of its own; back in the first one the words are sent."""
    person = house.account("lead", ("dept-a",), email="ada@example.org")
    report = house.citizen_reports(service="roads")
    browser = house.visitor()
    at = f"/staff/item/{report.reference}/answer"
    refused = browser.client.post(
        at,
        data={"text": "It is mended.", "outcome": "done", "version": "1"},
        headers={"Origin": browser.base},
        follow_redirects=True,
    )
    page = Page(refused)
    form = page.soup.select_one("form[action='/staff/provider']")
    assert form is not None and form["target"] == "_blank"
    kept = {str(f["name"]): str(f["value"]) for f in page.soup.select("input[name^=kept-]")}
    assert is_in(signs_in(house, browser))
    again = browser.post("/staff/sign-in", email="", password="", **kept)
    assert "It is mended." in again.text
    assert person
