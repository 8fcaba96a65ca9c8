"""Why a request is turned away (RFC 6750 §3)."""


class Refused(Exception):
    """A request that is turned away: its `status` and its `WWW-Authenticate` header."""

    status = 401

    def challenge(self, realm: str) -> str | None:
        """The `WWW-Authenticate` header; none where a token would not help."""
        raise NotImplementedError


class NoToken(Refused):
    """No bearer token came along: no error code either (RFC 6750 §3.1)."""

    def __init__(self) -> None:
        super().__init__("a bearer token is required")

    def challenge(self, realm: str) -> str:
        return f'Bearer realm="{realm}"'


class InvalidToken(Refused):
    """The token is expired, revoked, forged, malformed, or for another API."""

    def challenge(self, realm: str) -> str:
        reason = str(self).replace("\\", "").replace('"', "")
        return f'Bearer realm="{realm}", error="invalid_token", error_description="{reason}"'


class InsufficientScope(Refused):
    """The token lacks a scope; `scopes` are all that the endpoint needs."""

    status = 403

    def __init__(self, scopes: list[str]) -> None:
        self.scopes = scopes
        super().__init__(f"this needs a token with the scope {' '.join(scopes)}")

    def challenge(self, realm: str) -> str:
        return f'Bearer realm="{realm}", error="insufficient_scope", scope="{" ".join(self.scopes)}"'


class Unavailable(Refused):
    """Tokens cannot be checked at the moment: the issuer has not been heard from."""

    status = 503

    def __init__(self, reason: str) -> None:
        super().__init__(f"tokens cannot be checked at the moment: {reason}")

    def challenge(self, realm: str) -> None:
        return None
