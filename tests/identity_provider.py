"""A provider of identities for tests: a real OpenID Connect server on the loopback, which can misbehave on demand.

with IdentityProvider() as provider:
    provider.person = Person("sub-1", "ada@example.org")
    provider.claims = {"aud": "another"}          what the token says instead (None: says nothing of it)
    provider.algorithm = "HS256-public"           how it is signed
    provider.does = {"/token": "hang"}            what an endpoint does instead of answering

It keeps to RFC 6749, 7636 and 9207 and to OpenID Connect Core itself: a wrong secret, redirect, verifier or a used code
is refused, so that a client which forgets one of them fails.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import secrets
import time
from functools import cache
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.listening import Listening

CLIENT = "kanali-of-riverton"
SECRET = "a secret: of/the client%"
KEY_OF = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


class Person:
    """Somebody whom the provider knows."""

    def __init__(self, subject: str, email: str = "", *, is_verified: object = True) -> None:
        self.subject = subject
        self.email = email
        self.is_verified = is_verified


class IdentityProvider(Listening):
    """The server; each attribute may be changed between requests."""

    def __init__(self) -> None:
        self.person = Person("sub-1", "ada@example.org")
        self.claims: dict[str, Any] = {}
        self.description: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.kid: str | None = "key-1"
        self.published: list[str | None] = ["key-1"]
        """Names under which the keys are published; the token may name another."""
        self.error = ""
        self.answer: dict[str, str | None] = {}
        """Parameters of the answer that are others (None: left out)."""
        self.has_email_in_token = True
        self.record: dict[str, Any] = {}
        """What the endpoint for the person's record says instead."""
        self.does: dict[str, str] = {}
        self.asked: list[str] = []
        """Paths in the order in which they were asked for."""
        self._codes: dict[str, dict[str, str]] = {}
        handler = type("Handler", (_Handler,), {"provider": self})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        super().__init__(server)
        self.issuer = f"http://127.0.0.1:{server.server_address[1]}"

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return self.asked.count(path)

    def rotates(self, name: str) -> None:
        """Another name for the key, published and used from now on."""
        self.kid, self.published = name, [name]

    # ── endpoints ───────────────────────────────────────────────────────────────────────────────────────────

    def describe(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": [self.algorithm],
            "authorization_response_iss_parameter_supported": True,
            **self.description,
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to: everybody agrees at once."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer: dict[str, str | None] = {"state": asked["state"], "iss": self.issuer}
        answer |= {"error": self.error} if self.error else {"code": code}
        answer |= self.answer
        told = urlencode({name: value for name, value in answer.items() if value is not None})
        return f"{asked['redirect_uri']}?{told}"

    def exchange(self, sent: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if "client_secret" in sent:
            name, secret = quote(sent["client_id"], safe=""), quote(sent["client_secret"], safe="")
        if (unquote(name), unquote(secret)) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or sent["redirect_uri"] != asked["redirect_uri"]
            or asked["code_challenge"] != base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        ):
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(16)
        token = self.token(asked["nonce"], access)
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": token}

    def token(self, nonce: str, access: str) -> str:
        now = int(time.time())
        half = base64.urlsafe_b64encode(hashlib.sha256(access.encode()).digest()[:16]).rstrip(b"=")
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.person.subject,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "at_hash": half.decode(),
        }
        if self.has_email_in_token:
            claims |= {"email": self.person.email, "email_verified": self.person.is_verified}
        claims |= self.claims
        payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
        header = {"typ": "JWT", **({"kid": self.kid} if self.kid else {})}
        if self.algorithm == "none":
            return b".".join(
                [_part(json.dumps({**header, "alg": "none"}).encode()), _part(payload), b""]
            ).decode()
        if self.algorithm == "HS256-public":
            signed = b".".join([_part(json.dumps({**header, "alg": "HS256"}).encode()), _part(payload)])
            mark = hmac.digest(keys()["RSA"].as_pem(private=False), signed, hashlib.sha256)
            return b".".join([signed, _part(mark)]).decode()
        if self.algorithm == "HS256-secret":
            signed = b".".join([_part(json.dumps({**header, "alg": "HS256"}).encode()), _part(payload)])
            return b".".join([signed, _part(hmac.digest(SECRET.encode(), signed, hashlib.sha256))]).decode()
        if self.algorithm == "RS256-stranger":
            return jws.serialize_compact({**header, "alg": "RS256"}, payload, stranger())
        if self.algorithm == "RS256-changed":
            whole = jws.serialize_compact({**header, "alg": "RS256"}, payload, keys()["RSA"])
            first, _, last = whole.split(".")
            other = payload.replace(self.person.subject.encode(), b"somebody")
            return f"{first}.{_part(other).decode()}.{last}"
        key: Any = keys()[KEY_OF[self.algorithm]]
        return jws.serialize_compact({**header, "alg": self.algorithm}, payload, key, [self.algorithm])

    def jwks(self) -> dict[str, Any]:
        found = []
        for name in self.published:
            for key in keys().values():
                known = {k: v for k, v in key.as_dict(private=False).items() if k != "kid"}
                found.append({**known, "use": "sig", **({"kid": name} if name else {})})
        return {"keys": found}

    def userinfo(self) -> dict[str, Any]:
        known = {"sub": self.person.subject, "email": self.person.email}
        return {**known, "email_verified": self.person.is_verified, **self.record}


@cache
def keys() -> dict[str, Any]:
    """The provider's keys, made once for all tests of a process."""
    return {
        "RSA": RSAKey.generate_key(2048),
        "EC": ECKey.generate_key("P-256"),
        "OKP": OKPKey.generate_key("Ed25519"),
    }


@cache
def stranger() -> RSAKey:
    """A key that the provider does not have."""
    return RSAKey.generate_key(2048)


def _part(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


class _Handler(http.server.BaseHTTPRequestHandler):
    provider: IdentityProvider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if self._misbehaves(parts.path):
            return
        if parts.path == "/authorize":
            asked = {name: found[-1] for name, found in parse_qs(parts.query).items()}
            self._send(302, b"", Location=self.provider.authorize(asked))
        elif parts.path == "/userinfo":
            is_known = self.headers.get("Authorization", "").startswith("Bearer ")
            self._tell(200 if is_known else 401, self.provider.userinfo())
        else:
            pages = {"/.well-known/openid-configuration": self.provider.describe, "/jwks": self.provider.jwks}
            self._tell(200, pages[parts.path]())

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self._misbehaves(self.path):
            return
        fields = {name: found[-1] for name, found in sent.items()}
        self._tell(*self.provider.exchange(fields, self.headers.get("Authorization", "")))

    def _misbehaves(self, path: str) -> bool:
        self.provider.asked.append(path)
        does = self.provider.does.get(path, "")
        if does == "500":
            self._send(500, b"out of order")
        elif does == "404":
            self._send(404, b"{}")
        elif does == "nonsense":
            self._send(200, b"<html>not JSON</html>")
        elif does == "another shape":
            self._send(200, b'{"keys": 3, "issuer": [], "id_token": null}')
        elif does == "huge":
            self._send(200, b'{"keys": [], "x": "' + b"x" * 400_000 + b'"}')
        elif does == "elsewhere":
            self._send(302, b"", Location="http://127.0.0.1:9/")
        elif does == "hang up":
            self.connection.close()
            self.close_connection = True
        elif does == "hang":
            self.provider.stop.wait(30)
        elif does == "drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
            while not self.provider.stop.wait(0.1):
                self.wfile.write(b" ")
        return bool(does)

    def _tell(self, status: int, said: dict[str, Any]) -> None:
        self._send(status, json.dumps(said).encode())

    def _send(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Nothing: tests read `asked`."""
