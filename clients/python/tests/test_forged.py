"""Texts that are almost an access token: signed by the issuer's key and wrong in one thing, or not signed by it.

    python -m unittest discover --start-directory clients/python/tests
"""

import base64
import hashlib
import hmac
import json
import sys
import threading
import time
import unittest
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from scopegate_guard import InvalidToken, Issuer  # noqa: E402

AUDIENCE = "https://api.example"
ABSENT = object()

KEY = ec.generate_private_key(ec.SECP256R1())
STRANGERS_KEY = ec.generate_private_key(ec.SECP256R1())


def public(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return {**jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "alg": "ES256", "use": "sig"}


JWKS = json.dumps({"keys": [{**public(KEY), "kid": "1"}]})
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(JWKS.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


class ForgedTest(unittest.TestCase):
    def setUp(self) -> None:
        server = HTTPServer(("127.0.0.1", 0), Keys)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.name = f"http://127.0.0.1:{server.server_port}"
        self.issuer = Issuer(self.name, AUDIENCE)
        self.assertEqual(self.issuer.authenticate(self.signed()).subject, "post:1")

    def parts(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """What is signed: the header and the claims of a token, with other values for some or without them."""
        now = int(time.time())
        usual_header = {"alg": "ES256", "kid": "1", "typ": "at+jwt"}
        usual_claims = {
            "iss": self.name,
            "aud": AUDIENCE,
            "sub": "post:1",
            "scopes": ["edit"],
            "scope": "edit",
            "client_id": "shop",
            "iat": now,
            "exp": now + 600,
            "jti": "0198c5a0-0000-7000-8000-000000000000",
        }
        return f"{encoded({**usual_header, **header})}.{encoded({**usual_claims, **claims})}"

    def signed(
        self,
        header: Mapping[str, Any] = {},
        claims: Mapping[str, Any] = {},
        key: ec.EllipticCurvePrivateKey = KEY,
    ) -> str:
        parts = self.parts(header, claims)
        signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(parts.encode(), key)
        return f"{parts}.{base64url(signature)}"

    def keyed(self, secret: bytes) -> str:
        """One whose signature is an HMAC with a secret that everybody knows: the public key."""
        parts = self.parts({"alg": "HS256"}, {})
        return f"{parts}.{base64url(hmac.digest(secret, parts.encode(), hashlib.sha256))}"

    def assert_refused(self, token: str, why: object) -> None:
        with self.subTest(why), self.assertRaises(InvalidToken):
            self.issuer.authenticate(token)

    def test_a_header_that_is_wrong_in_one_thing_is_refused(self) -> None:
        strangers = {**public(STRANGERS_KEY), "kid": "1"}
        headers: list[dict[str, Any]] = [
            {"typ": "JWT"},
            {"typ": "id+jwt"},
            {"typ": ABSENT},
            {"typ": 1},
            {"kid": ABSENT},
            {"kid": 1},
            {"kid": "2"},
            {"alg": "ES384"},
            {"alg": "RS256"},
            {"alg": "HS256"},
            {"alg": "none"},
            {"alg": ABSENT},
            {"crit": ["exp"]},
            {"crit": []},
            {"b64": False},
        ]
        for header in headers:
            self.assert_refused(self.signed(header), header)
        self.assert_refused(self.signed({"jwk": strangers}, key=STRANGERS_KEY), "a key in the header")
        self.assert_refused(self.signed({"jku": "https://evil.example"}, key=STRANGERS_KEY), "keys from elsewhere")

    def test_a_claim_that_is_wrong_is_refused(self) -> None:
        now = time.time()
        wrong: list[dict[str, Any]] = [
            *({name: ABSENT} for name in ("iss", "aud", "sub", "scopes", "client_id", "iat", "exp", "jti")),
            *({name: None} for name in ("iss", "aud", "sub", "scopes", "client_id", "iat", "exp", "jti")),
            {"iss": f"{self.name}/"},
            {"iss": [self.name]},
            {"aud": f"{AUDIENCE}/"},
            {"aud": ["https://other.example"]},
            {"aud": []},
            {"sub": 1},
            {"scopes": "edit"},
            {"scopes": [1]},
            {"scopes": {"edit": True}},
            {"client_id": 1},
            {"jti": 1},
            {"exp": now - 60},
            {"exp": "tomorrow"},
            {"nbf": now + 60},
            {"iat": now + 60},
            {"iat": "now"},
        ]
        for claims in wrong:
            self.assert_refused(self.signed({}, claims), claims)

    def test_a_signature_of_somebody_else_is_refused(self) -> None:
        self.assert_refused(self.signed(key=STRANGERS_KEY), "another key")
        for secret in (PEM, PEM.strip(), JWKS.encode(), b""):
            self.assert_refused(self.keyed(secret), secret)
        head, body, signature = self.signed().split(".")
        zeros = base64url(bytes(64))
        others = self.signed({}, {"sub": "post:2"}).split(".")
        for token in (
            f"{head}.{body}.",
            f"{head}.{body}",
            f"{head}.{body}.{zeros}",
            f"{head}.{body}.{signature[:-2]}",
            f"{head}.{body}.{signature}AAAA",
            f"{head}.{body}.{signature}.",
            f"{head}.{others[1]}.{signature}",
            f"{head}.{body}.{others[2]}",
            f"{encoded({'alg': 'none', 'typ': 'at+jwt', 'kid': '1'})}.{body}.",
            f"{head}.{body}.{signature}.{signature}",
            "",
            ".",
            "..",
            "é.é.é",
            "A" * 20_000,
        ):
            self.assert_refused(token, token)

    def test_what_may_differ_is_accepted(self) -> None:
        now = int(time.time())
        fit: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({"typ": "AT+JWT"}, {}),
            ({"typ": "application/at+jwt"}, {}),
            ({"x": "ignored"}, {"x": "ignored"}),
            ({}, {"aud": ["https://other.example", AUDIENCE]}),
            ({}, {"exp": now - 2}),
            ({}, {"iat": now + 2, "nbf": now + 2}),
            ({}, {"scopes": []}),
        ]
        for header, claims in fit:
            with self.subTest(header=header, claims=claims):
                self.issuer.authenticate(self.signed(header, claims))


def encoded(members: Mapping[str, Any]) -> str:
    there = {name: value for name, value in members.items() if value is not ABSENT}
    return base64url(json.dumps(there).encode())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


if __name__ == "__main__":
    unittest.main()
