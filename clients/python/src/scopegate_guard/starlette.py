"""Guards for Starlette."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from .issuer import Issuer
from .refused import InsufficientScope, InvalidToken, NoToken, Refused
from .token import Caller

Endpoint = Callable[[Request], Awaitable[Response]]


def guarded(issuer: Issuer, *scopes: str, realm: str = "api") -> Callable[[Endpoint], Endpoint]:
    """Lets only requests through whose token has all of the scopes.

    The endpoint finds the `Caller` as `request.state.caller`.
    """

    def guard(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def guarded_endpoint(request: Request) -> Response:
            request.state.caller = await admit(issuer, request, list(scopes), realm)
            return await endpoint(request)

        return guarded_endpoint

    return guard


async def admit(issuer: Issuer, request: Request, scopes: list[str], realm: str) -> Caller:
    """The caller of a request whose token has all of the scopes; else an `HTTPException`."""
    try:
        token = bearer_token(request)
        if issuer.needs_keys(token):
            await run_in_threadpool(issuer.fetch_keys)
        caller = issuer.verify(token)
        if not caller.scopes.issuperset(scopes):
            raise InsufficientScope(scopes)
    except Refused as refused:
        raise answer(refused, realm) from None
    return caller


def bearer_token(request: Request) -> str:
    """The token of the one `Authorization: Bearer …` header (RFC 6750 §2.1)."""
    values = request.headers.getlist("authorization")
    if len(values) > 1:
        raise InvalidToken("there must be one Authorization header")
    scheme, _, token = "".join(values).partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NoToken
    return token.lstrip(" ")


def answer(refused: Refused, realm: str) -> HTTPException:
    """The answer to a request that is turned away."""
    challenge = refused.challenge(realm)
    headers = {"Retry-After": "1"} if challenge is None else {"WWW-Authenticate": challenge}
    return HTTPException(refused.status, str(refused), headers)
