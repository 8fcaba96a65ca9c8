// An agent that knows nothing but the address of an MCP server. The server's 401 leads it to
// Scopegate, where it registers itself, or is known by the document at DOCUMENT; a person logs
// in and agrees in a browser, and the agent calls the tool.
//
//   node agent.mjs http://127.0.0.1:9000/mcp

import { once } from "node:events";
import { createServer } from "node:http";

import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const server = new URL(process.argv[2] ?? "http://127.0.0.1:9000/mcp");

const listener = createServer();
listener.listen(Number(process.env.CALLBACK_PORT ?? 0), "127.0.0.1");
await once(listener, "listening");
const redirectUrl = `http://127.0.0.1:${listener.address().port}/callback`;

/** What the agent keeps; a real one would keep it on disk. */
const kept = {};
const provider = {
  redirectUrl,
  clientMetadataUrl: process.env.DOCUMENT,
  clientMetadata: {
    client_name: "An agent",
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => (kept.tokens = tokens),
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => (kept.verifier = verifier),
  redirectToAuthorization: (url) => console.log(`open ${url.href}`),
};

/** The code that Scopegate sends the browser back with. */
const code = new Promise((resolve, reject) => {
  listener.on("request", (request, response) => {
    const { pathname, searchParams } = new URL(request.url, redirectUrl);
    if (pathname !== "/callback") return response.writeHead(404).end();
    response.end("The agent goes on. You can close this page.");
    const code = searchParams.get("code");
    return code ? resolve(code) : reject(new Error(searchParams.get("error")));
  });
});

async function connect() {
  const client = new Client({ name: "agent", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(server, { authProvider: provider });
  try {
    await client.connect(transport);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(await code);
    return connect();
  }
}

const client = await connect();
console.log(`client ${kept.client.client_id}`);
console.log(`token ${kept.tokens.access_token}`);
const result = await client.callTool({ name: "list_items", arguments: {} });
console.log(`tool ${result.content[0].text}`);
await client.close();
listener.close();
listener.closeAllConnections();
