"""Scopegate, as an API knows it: its keys, and what it revoked."""

import threading
import time
from typing import Any

from .fetch import fetch
from .refused import InvalidToken, Unavailable
from .revocations import Revocations
from .token import Caller, Key, key_id, verify

#: For how long keys are taken as they are, and how often they are asked for at most, in seconds.
FRESH = 300
PAUSE = 10

#: For how long keys are used that cannot be asked for anew, in seconds.
STALE = 3600

#: How long the issuer may take to answer, in seconds.
TIMEOUT = 5


class Issuer:
    """Verifies the tokens of one issuer for one audience. It may be shared by threads.

    The issuer need not be up when this is made: until its keys are there, and its revocations
    where they are followed, `Unavailable` is raised.

    `client` is the id and the secret of a client that may ask for `revocations:read`. With it,
    a token that was revoked is refused within a second; without it, when it expires.
    `max_staleness` is how many seconds the issuer may be silent before tokens are refused
    (503), since one of them may have been revoked.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        client: tuple[str, str] | None = None,
        max_staleness: float = 60,
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self._base = issuer.rstrip("/")
        self._keys: dict[str, Key] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._lock = threading.Lock()
        self._renewing: threading.Thread | None = None
        self._revocations = client and Revocations(self._base, client, max_staleness)

    def authenticate(self, token: str) -> Caller:
        """Who calls. Asks the issuer for its keys where it has to, which may take seconds.

        Raises `InvalidToken` or `Unavailable`.
        """
        if self.needs_keys(token):
            self.fetch_keys()
        return self.verify(token)

    def needs_keys(self, token: str) -> bool:
        """Whether the keys have to be asked for before this token can be verified."""
        if not self._may_fetch():
            return False
        if key_id(token) not in self._keys:
            return True
        if self._fetched is not None and time.monotonic() > self._fetched + FRESH:
            self._renew()
        return False

    def _renew(self) -> None:
        """Asks for the keys beside the requests: those that there are serve until the new ones have come."""
        if self._renewing is None or not self._renewing.is_alive():
            self._renewing = threading.Thread(target=self.fetch_keys, name="scopegate-keys", daemon=True)
            self._renewing.start()

    def _may_fetch(self) -> bool:
        return self._tried is None or time.monotonic() > self._tried + PAUSE

    def fetch_keys(self) -> None:
        """Asks for the keys; keeps those that there are where that fails."""
        with self._lock:
            if not self._may_fetch():
                return
            try:
                document: Any = fetch(f"{self._base}/.well-known/jwks.json", TIMEOUT)
                keys = {jwk["kid"]: Key.read(jwk) for jwk in document["keys"] if "kid" in jwk}
            except (OSError, ValueError, KeyError, TypeError):
                return
            finally:
                self._tried = time.monotonic()
            self._keys = {kid: key for kid, key in keys.items() if key is not None}
            self._fetched = time.monotonic()

    def verify(self, token: str) -> Caller:
        """Who calls, by the keys that are there: nothing is waited for."""
        kid = key_id(token)
        if self._fetched is None or time.monotonic() > self._fetched + STALE:
            raise Unavailable("the issuer's keys cannot be had")
        key = self._keys.get(kid)
        if key is None:
            raise InvalidToken("the token's key is not one of the issuer's")
        caller = verify(token, key, self.issuer, self.audience)
        if self._revocations and self._revocations.has(caller.token_id):
            raise InvalidToken("the token was revoked")
        return caller

