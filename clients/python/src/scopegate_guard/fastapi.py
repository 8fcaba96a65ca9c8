"""A guard for FastAPI: scopes are declared once, by `Security(guard, scopes=[...])`."""

from collections.abc import Mapping

from fastapi import Request
from fastapi.openapi.models import OAuth2, OAuthFlowAuthorizationCode, OAuthFlowPassword, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from .issuer import Issuer
from .starlette import admit
from .token import Caller


class Guard(SecurityBase):
    """A dependency that gives the `Caller`, and puts its scopes into the OpenAPI document.

    ```python
    guard = Guard(Issuer("https://auth.example.com", "https://api.example.com"), {"items": "Read items"})

    @app.get("/items")
    def items(caller: Annotated[Caller, Security(guard, scopes=["items"])]) -> list[Item]: ...
    ```

    `scopes` are those that the Authorize dialog of `/docs` offers, with their descriptions.
    """

    def __init__(self, issuer: Issuer, scopes: Mapping[str, str], *, realm: str = "api", name: str = "scopegate") -> None:
        self.issuer = issuer
        self.realm = realm
        self.scheme_name = name
        base = issuer.issuer.rstrip("/")
        offered = dict(scopes)
        self.model = OAuth2(
            flows=OAuthFlows(
                password=OAuthFlowPassword(tokenUrl=f"{base}/token", scopes=offered),
                authorizationCode=OAuthFlowAuthorizationCode(
                    authorizationUrl=f"{base}/authorize", tokenUrl=f"{base}/token", scopes=offered
                ),
            )
        )

    async def __call__(self, request: Request, needed: SecurityScopes) -> Caller:
        return await admit(self.issuer, request, needed.scopes, self.realm)
