"""The agent of agent.mjs in Python: it knows nothing but the address of an MCP server.

    python agent.py http://127.0.0.1:9000/mcp [TOOL]
"""

import asyncio
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

server = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:9000/mcp"
tool = sys.argv[2] if len(sys.argv) > 2 else "list_items"
answers = []


class Callback(BaseHTTPRequestHandler):
    """Where Scopegate sends the browser back to."""

    def do_GET(self):
        address = urlsplit(self.path)
        if address.path != "/callback":
            return self.send_error(404)
        answers.append({name: values[0] for name, values in parse_qs(address.query).items()})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"The agent goes on. You can close this page.")

    def log_message(self, *_):
        pass


listener = HTTPServer(("127.0.0.1", 0), Callback)


class Kept:
    """What the agent keeps; a real one would keep it on disk."""

    client = None
    tokens = None

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens


async def redirect(address):
    print(f"open {address}", flush=True)


async def callback():
    while not answers:
        await asyncio.to_thread(listener.handle_request)
    return AuthorizationCodeResult.model_validate(answers.pop())


async def main():
    kept = Kept()
    auth = OAuthClientProvider(
        server_url=server,
        client_metadata=OAuthClientMetadata(
            client_name="An agent in Python",
            redirect_uris=[f"http://127.0.0.1:{listener.server_port}/callback"],
            grant_types=["authorization_code", "refresh_token"],
            token_endpoint_auth_method="none",
        ),
        storage=kept,
        redirect_handler=redirect,
        callback_handler=callback,
    )
    async with (
        create_mcp_http_client(auth=auth) as http,
        streamable_http_client(server, http_client=http) as streams,
        ClientSession(*streams) as session,
    ):
        await session.initialize()
        print(f"client {kept.client.client_id}", flush=True)
        print(f"token {kept.tokens.access_token}", flush=True)
        result = await session.call_tool(tool, {})
        print(f"tool {result.content[0].text}", flush=True)


asyncio.run(main())
