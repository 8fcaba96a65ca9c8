// The guards against a real Scopegate, by way of examples/fastify.
//
//     SCOPEGATE_BINARY=… npm test
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import Fastify from "fastify";
import { Issuer } from "scopegate-guard";
import * as forExpress from "scopegate-guard/express";
import * as forFastify from "scopegate-guard/fastify";
import { Scopegate } from "./scopegate.js";

const { garage } = await import("../../../examples/fastify/app.js");

let scopegate, issuer, api;

beforeEach(async () => {
  scopegate = await Scopegate.create();
  issuer = new Issuer(scopegate.issuer, scopegate.issuer, { client: scopegate.client });
  api = await garage(issuer);
});

afterEach(async () => {
  issuer.close();
  await api.close();
  await scopegate.remove();
});

/** Calls the API of the example. */
async function call(method, url, token) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { statusCode: status, headers: told, body } = await api.inject({ method, url, headers });
  return { status, headers: told, body: JSON.parse(body) };
}

/** Calls until the issuer's keys and revocations are there. */
async function served(method, url, token) {
  await eventually(async () => (await call(method, url, token)).status !== 503);
  return call(method, url, token);
}

async function eventually(holds, milliseconds = 20_000) {
  const deadline = performance.now() + milliseconds;
  while (!(await holds())) {
    assert(performance.now() < deadline, "it never came about");
    await sleep(20);
  }
}

function assertRefused({ status, headers, body }, expected, challenge) {
  assert.equal(status, expected, JSON.stringify(body));
  assert.match(headers["www-authenticate"], challenge);
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a car's token drives that car and no other", async () => {
  await scopegate.start();
  const token = scopegate.mint("car:7f3a", "drive");
  assert.deepEqual((await served("POST", "/cars/7f3a/drive", token)).body, { car: "7f3a", state: "driving" });
  assert.equal((await call("POST", "/cars/8b21/drive", token)).status, 404);
  assertRefused(await call("GET", "/items", token), 403, /error="insufficient_scope", scope="items"/);
});

test("what is no token of the issuer for this API is refused", async () => {
  scopegate.env.SCOPEGATE_ALLOWED_AUDIENCE = "https://other.example";
  await scopegate.start();
  const token = scopegate.mint("post:1", "edit");
  assert.equal((await served("PATCH", "/posts/1?text=Hi", token)).body.by, "post:1");
  const [head, body, signature] = token.split(".");
  const forged = `${head}.${body}.${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}`;
  const kid = JSON.parse(Buffer.from(head, "base64url")).kid;
  const unsigned = `${encoded({ alg: "none", typ: "at+jwt", kid })}.${body}.`;
  const otherAlgorithm = `${encoded({ alg: "HS256", typ: "at+jwt", kid })}.${body}.${signature}`;
  for (const bad of ["garbage", forged, unsigned, otherAlgorithm, `${head}.${body}`]) {
    assertRefused(await call("PATCH", "/posts/1?text=Hi", bad), 401, /error="invalid_token"/);
  }
  const theirs = scopegate.mint("post:1", "edit", "--audience", "https://other.example");
  assertRefused(await call("PATCH", "/posts/1?text=Hi", theirs), 401, /another audience/);
  assertRefused(await call("PATCH", "/posts/1?text=Hi"), 401, /^Bearer realm="api"$/);
});

test("an expired token is refused", async () => {
  await scopegate.start();
  const token = scopegate.mint("post:1", "edit", "--expires-in", "1s");
  assert.equal((await served("PATCH", "/posts/1?text=Hi", token)).status, 200);
  await eventually(async () => (await call("PATCH", "/posts/1?text=Hi", token)).status === 401);
  assertRefused(await call("PATCH", "/posts/1?text=Hi", token), 401, /expired/);
});

test("a token that was revoked is refused within a second", async () => {
  await scopegate.start();
  const [before, after] = [scopegate.mint("post:1", "edit"), scopegate.mint("post:1", "edit")];
  scopegate.revoke(before);
  assertRefused(await served("PATCH", "/posts/1?text=Hi", before), 401, /revoked/);
  assert.equal((await call("PATCH", "/posts/1?text=Hi", after)).status, 200);
  scopegate.revoke(after);
  await eventually(async () => (await call("PATCH", "/posts/1?text=Hi", after)).status === 401, 1000);
});

test("it starts without the issuer and goes on without it", async () => {
  await scopegate.start();
  await scopegate.stop();
  const token = scopegate.mint("post:1", "edit");
  const refused = await call("PATCH", "/posts/1?text=Hi", token);
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [503, "1"]);
  await scopegate.start();
  assert.equal((await served("PATCH", "/posts/1?text=Hi", token)).status, 200);
  await scopegate.stop();
  assert.equal((await call("PATCH", "/posts/1?text=Hi", token)).status, 200);
});

test("an issuer that is silent for too long is not trusted", async () => {
  await scopegate.start();
  const impatient = new Issuer(scopegate.issuer, scopegate.issuer, { client: scopegate.client, maxStaleness: 2 });
  const token = scopegate.mint("post:1", "edit");
  const outcome = () => impatient.authenticate(token).then((caller) => caller.subject, (error) => error.status);
  await eventually(async () => (await outcome()) === "post:1");
  await scopegate.stop();
  await eventually(async () => (await outcome()) === 503);
  impatient.close();
});

test("a route of Fastify that declares nothing does not start", async () => {
  const app = Fastify();
  await app.register(forFastify.guard, { issuer });
  assert.throws(() => app.get("/", async () => "open"), /declares no security/);
  const both = { security: [{ scopegate: ["edit"], other: [] }] };
  assert.throws(() => app.get("/", { schema: both }, async () => ""), /one scheme/);
  app.get("/open", { schema: { security: [] } }, async () => "open");
  assert.equal((await app.inject("/open")).statusCode, 200);
});

test("of several requirements of Fastify one must hold", async () => {
  await scopegate.start();
  api = Fastify();
  await api.register(forFastify.guard, { issuer });
  const security = [{ scopegate: ["items"] }, { scopegate: ["edit"] }];
  api.get("/", { schema: { security } }, async (request) => ({ id: forFastify.callerOf(request).id }));
  assert.deepEqual((await served("GET", "/", scopegate.mint("post:1", "edit"))).body, { id: "1" });
  assertRefused(await call("GET", "/", scopegate.mint("car:1", "drive")), 403, /scope="items"/);
});

test("Express has a guard as well", async () => {
  await scopegate.start();
  const app = express();
  app.get("/", forExpress.guard(issuer, "edit", { realm: "garage" }), (request, response) => {
    response.json({ id: forExpress.callerOf(request).id });
  });
  const server = app.listen(0);
  const get = (token) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return fetch(`http://127.0.0.1:${server.address().port}/`, { headers });
  };
  const token = scopegate.mint("post:1", "edit");
  await eventually(async () => (await get(token)).status !== 503);
  assert.deepEqual(await (await get(token)).json(), { id: "1" });
  const lacking = await get(scopegate.mint("car:1", "drive"));
  assert.equal(lacking.status, 403);
  assert.match((await get()).headers.get("www-authenticate"), /^Bearer realm="garage"$/);
  server.close();
});
