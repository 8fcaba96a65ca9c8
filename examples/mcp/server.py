"""The server of server.mjs in Python, which also goes on to another API for the same user.

    SCOPEGATE=http://127.0.0.1:8000 PORT=9000 python server.py

With CLIENT_ID, CLIENT_SECRET and ORDERS (the address of the other API, which is the audience
of its tokens) it has the tool `list_orders`: it exchanges the agent's token for one that is for
that API (RFC 8693), and calls it.
"""

import os

import httpx2
import jwt
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

issuer = os.environ.get("SCOPEGATE", "http://127.0.0.1:8000")
port = int(os.environ.get("PORT", "9000"))
resource = f"http://127.0.0.1:{port}/mcp"

metadata = httpx2.get(f"{issuer}/.well-known/oauth-authorization-server").json()
keys = jwt.PyJWKClient(metadata["jwks_uri"])


class Verifier:
    """What the SDK asks of a verifier of tokens."""

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            claims = jwt.decode(
                token,
                keys.get_signing_key_from_jwt(token),
                algorithms=["ES256"],
                issuer=issuer,
                audience=resource,
            )
            if jwt.get_unverified_header(token)["typ"] != "at+jwt":
                return None
        except jwt.PyJWTError:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims["scopes"],
            expires_at=claims["exp"],
            resource=resource,
            subject=claims["sub"],
        )


server = MCPServer(
    "items",
    token_verifier=Verifier(),
    auth=AuthSettings(
        issuer_url=issuer,
        resource_server_url=resource,
        required_scopes=["items"],
        validate_token_resource=True,
    ),
)


@server.tool()
def list_items() -> str:
    """Lists the items of whoever the token is about."""
    return f"The items of {get_access_token().subject}: a hat, a stick"


if "CLIENT_ID" in os.environ:
    client = (os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    orders = os.environ["ORDERS"]

    @server.tool()
    async def list_orders() -> str:
        """Lists the orders of whoever the token is about, which another API has."""
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": get_access_token().token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": orders,
        }
        async with httpx2.AsyncClient() as http:
            exchanged = await http.post(metadata["token_endpoint"], data=form, auth=client)
            exchanged.raise_for_status()
            bearer = {"authorization": f"Bearer {exchanged.json()['access_token']}"}
            answer = await http.get(orders, headers=bearer)
        answer.raise_for_status()
        return answer.text


if __name__ == "__main__":
    print(f"listening on {resource}", flush=True)
    server.run("streamable-http", host="127.0.0.1", port=port, stateless_http=True)
