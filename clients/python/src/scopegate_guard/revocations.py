"""What the issuer revoked, followed by a thread."""

import logging
import threading
import time
import urllib.error

from .fetch import fetch
from .refused import Unavailable

log = logging.getLogger("scopegate_guard")

#: How long the issuer holds a question for which there is no news, in seconds.
WAIT = 20

#: How long it may take to answer beyond that.
TIMEOUT = 10

#: How long to wait after a question that failed.
PAUSE = 1

#: For how many seconds behind its `exp` a revoked token is remembered.
LEEWAY = 300


class Revocations:
    """The ids of the tokens that were revoked and have not expired."""

    def __init__(self, base: str, client: tuple[str, str], max_staleness: float) -> None:
        self._base = base
        self._client_id, self._secret = client
        self._max_staleness = max_staleness
        self._expiries: dict[str, int] = {}
        self._heard: float | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def has(self, token_id: str) -> bool:
        """Whether a token was revoked; raises `Unavailable` where that is not known."""
        if self._thread is None:
            self.start()
        if self._heard is None or time.monotonic() > self._heard + self._max_staleness:
            raise Unavailable("the issuer does not say what was revoked")
        return token_id in self._expiries

    def start(self) -> None:
        """Begins to follow, if it has not begun. The thread keeps no process from ending."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="scopegate-revocations", daemon=True)
                self._thread.start()

    def _follow(self) -> None:
        token: str | None = None
        since: int | None = None
        while True:
            try:
                token = token or self._log_in()
                since = self._ask(token, since)
            except (OSError, ValueError, KeyError, TypeError) as error:
                if isinstance(error, urllib.error.HTTPError):
                    # The token has expired, or the client was changed.
                    token = None
                log.warning("revocations of %s: %s", self._base, error)
                time.sleep(PAUSE)

    def _log_in(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret,
            "scope": "revocations:read",
        }
        return str(fetch(f"{self._base}/token", TIMEOUT, form=form)["access_token"])

    def _ask(self, token: str, since: int | None) -> int:
        """Learns what is new behind a number, and gives the number to ask behind next."""
        # What there is already comes page by page; only then is there anything to wait for.
        wait = 0 if self._heard is None else WAIT
        query = "" if since is None else f"?since={since}&wait_seconds={wait}"
        answer = fetch(f"{self._base}/revocations{query}", wait + TIMEOUT, token=token)
        told = {entry["jti"]: int(entry["exp"]) for entry in answer["revocations"]}
        behind = int(answer["next"])
        if self._heard is not None or told.keys() <= self._expiries.keys():
            self._heard = time.monotonic()
        now = time.time()
        known = {**self._expiries, **told}
        self._expiries = {token_id: exp for token_id, exp in known.items() if exp + LEEWAY > now}
        return behind
