// A Model Context Protocol server with one tool, which takes Scopegate's tokens: those for
// this very server (`aud`) that hold the scope `items`. It verifies them offline.
//
//   SCOPEGATE=http://127.0.0.1:8000 PORT=9000 node server.mjs

import { webcrypto } from "node:crypto";

import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import {
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthMetadataRouter,
} from "@modelcontextprotocol/sdk/server/auth/router.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

// Node 18 has it under another name, and jose looks for it here.
globalThis.crypto ??= webcrypto;

const issuer = process.env.SCOPEGATE ?? "http://127.0.0.1:8000";
const port = Number(process.env.PORT ?? 9000);
const resource = new URL(`http://127.0.0.1:${port}/mcp`);

const answer = await fetch(`${issuer}/.well-known/oauth-authorization-server`);
const oauthMetadata = await answer.json();
const keys = createRemoteJWKSet(new URL(oauthMetadata.jwks_uri));

/** What the SDK asks of a verifier of tokens. */
const verifier = {
  async verifyAccessToken(token) {
    try {
      const expected = { issuer, audience: resource.href, typ: "at+jwt" };
      const { payload } = await jwtVerify(token, keys, expected);
      return {
        token,
        clientId: payload.client_id,
        scopes: payload.scopes,
        expiresAt: payload.exp,
        extra: { subject: payload.sub },
      };
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new InvalidTokenError(error.message);
      throw error;
    }
  },
};

function mcpServer() {
  const server = new McpServer({ name: "items", version: "1.0.0" });
  const about = { description: "Lists the items of whoever the token is about" };
  server.registerTool("list_items", about, ({ authInfo }) => ({
    content: [{ type: "text", text: `The items of ${authInfo.extra.subject}: a hat, a stick` }],
  }));
  return server;
}

const app = express();
app.use(
  mcpAuthMetadataRouter({
    oauthMetadata,
    resourceServerUrl: resource,
    scopesSupported: ["items"],
    resourceName: "Items",
  }),
);
const guard = requireBearerAuth({
  verifier,
  requiredScopes: ["items"],
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
});
app.post("/mcp", guard, express.json(), async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  response.on("close", () => transport.close());
  await mcpServer().connect(transport);
  await transport.handleRequest(request, response, request.body);
});
// Without sessions there is nothing to listen to.
app.get("/mcp", guard, (_, response) => response.status(405).end());

app.listen(port, "127.0.0.1", () => console.log(`listening on ${resource.href}`));
