// A guarded request by Fastify: a hook that verifies the token by jose each time, and a handler
// that looks the user up in memory.
//
//     node fastify_jose.js PORT PUBLIC_KEY_PEM ISSUER

import fastify from "fastify";
import { importSPKI, jwtVerify } from "jose";

const [port, pem, issuer] = process.argv.slice(2);
const key = await importSPKI(pem, "ES256");
const users = new Map();
for (let number = 0; number < 10_000; number++) {
  const username = `user${number}`;
  users.set(`username:${username}`, {
    username, email: `${username}@example.com`, full_name: `User ${number}`, disabled: false,
  });
}

const user = { type: "object", properties: {
  username: { type: "string" }, email: { type: "string" }, full_name: { type: "string" }, disabled: { type: "boolean" },
} };
const app = fastify();
app.decorateRequest("claims", null);
app.addHook("onRequest", async (request, reply) => {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  try {
    if (scheme !== "Bearer") throw new Error("no token");
    const options = { issuer, audience: issuer, algorithms: ["ES256"], typ: "at+jwt" };
    request.claims = (await jwtVerify(token, key, options)).payload;
  } catch {
    return reply.code(401).send();
  }
  if (!request.claims.scopes.includes("me")) return reply.code(403).send();
});
app.get("/users/me", { schema: { response: { 200: user } } }, async (request, reply) =>
  users.get(request.claims.sub) ?? reply.code(404).send());
await app.listen({ port: Number(port), host: "127.0.0.1" });
