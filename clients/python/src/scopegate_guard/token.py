"""An access token (RFC 9068), and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from .refused import InvalidToken

#: How far clocks may differ, in seconds.
LEEWAY = 5

#: The longest token that is looked at.
MAX_BYTES = 16 * 1024

#: What every access token says.
REQUIRED = ["iss", "aud", "sub", "scopes", "client_id", "iat", "exp", "jti"]


@dataclass(frozen=True)
class Caller:
    """Who calls, as a verified token says."""

    #: Whom the token is about: `username:johndoe`, `client:billing`, `car:7f3a`.
    subject: str
    #: What it may do.
    scopes: frozenset[str]
    #: The client that it was issued to.
    client_id: str
    #: Its `jti`.
    token_id: str
    #: All that it says.
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def kind(self) -> str:
        """The kind of its subject: `username`, `client`, `car`."""
        return self.subject.partition(":")[0]

    @property
    def id(self) -> str:
        """Its subject without the kind: `johndoe`, `7f3a`."""
        return self.subject.partition(":")[2]


@dataclass(frozen=True)
class Key:
    """A public key, and the one algorithm that its tokens have."""

    algorithm: str
    key: jwt.PyJWK

    @staticmethod
    def read(jwk: Mapping[str, Any]) -> "Key | None":
        """A key of a JWKS; none where it is not one that Scopegate signs with."""
        algorithm = {"EC": "ES256", "OKP": "EdDSA", "RSA": "RS256"}.get(jwk.get("kty", ""))
        if algorithm is None or jwk.get("use", "sig") != "sig":
            return None
        try:
            return Key(algorithm, jwt.PyJWK(dict(jwk), algorithm))
        except jwt.PyJWTError:
            return None


def key_id(token: str) -> str:
    """The `kid` of a token, as its header says, if it is one that may be an access token."""
    if len(token) > MAX_BYTES:
        raise InvalidToken("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise InvalidToken("this is not a JWT") from None
    if str(header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
        raise InvalidToken("this is not an access token")
    if "crit" in header or "b64" in header:
        raise InvalidToken("the token has an extension that is not understood")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidToken("the token does not name its key")
    return kid


def verify(token: str, key: Key, issuer: str, audience: str) -> Caller:
    """Verifies signature, issuer, audience and times."""
    try:
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=audience,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )
    except jwt.PyJWTError as error:
        raise InvalidToken(reason(error)) from None
    scopes = claims["scopes"]
    texts = [claims[name] for name in ("sub", "client_id", "jti")]
    if not isinstance(scopes, list) or not all(isinstance(text, str) for text in [*scopes, *texts]):
        raise InvalidToken("the token's claims are not those of an access token")
    subject, client_id, token_id = texts
    return Caller(subject, frozenset(scopes), client_id, token_id, claims)


def reason(error: jwt.PyJWTError) -> str:
    """What is wrong, in words for whoever sent the token."""
    match error:
        case jwt.ExpiredSignatureError():
            return "the token has expired"
        case jwt.ImmatureSignatureError():
            return "the token is not valid yet"
        case jwt.InvalidAudienceError():
            return "the token is for another audience"
        case jwt.InvalidIssuerError():
            return "the token is of another issuer"
        case jwt.MissingRequiredClaimError():
            return f"the token has no {error.claim}"
        case jwt.InvalidAlgorithmError():
            return "the algorithm is not the one of the token's key"
        case _:
            return "the signature is not valid"
