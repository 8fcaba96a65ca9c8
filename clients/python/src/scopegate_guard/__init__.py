"""Verify Scopegate's tokens in your own API, without a question to Scopegate for each request.

An `Issuer` has the keys and knows what was revoked; `scopegate_guard.fastapi.Guard` and
`scopegate_guard.starlette.guarded` put it in front of endpoints.
"""

from .issuer import Issuer
from .refused import InsufficientScope, InvalidToken, NoToken, Refused, Unavailable
from .token import Caller

__all__ = [
    "Caller",
    "InsufficientScope",
    "InvalidToken",
    "Issuer",
    "NoToken",
    "Refused",
    "Unavailable",
]
