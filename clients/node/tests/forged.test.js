// Texts that are almost an access token: signed by the issuer's key and wrong in one thing, or
// not signed by it.
//
//     npm test
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { InvalidToken, Issuer } from "scopegate-guard";

const AUDIENCE = "https://api.example";
const ABSENT = undefined;

const keyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const [ours, strangers] = [keyPair(), keyPair()];
const jwk = ({ publicKey }) => ({ ...publicKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "1" });
const jwks = JSON.stringify({ keys: [jwk(ours)] });
const pem = ours.publicKey.export({ format: "pem", type: "spki" });

const server = createServer((_, response) => response.end(jwks));
let name, issuer;

before(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  name = `http://127.0.0.1:${server.address().port}`;
  issuer = new Issuer(name, AUDIENCE);
  assert.equal((await issuer.authenticate(signed())).subject, "post:1");
});

after(() => {
  issuer.close();
  server.close();
  server.closeAllConnections();
});

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);

/** What is signed: the header and the claims of a token, with other values for some or without them. */
function parts(header, claims) {
  const usual = {
    iss: name,
    aud: AUDIENCE,
    sub: "post:1",
    scopes: ["edit"],
    scope: "edit",
    client_id: "shop",
    iat: now(),
    exp: now() + 600,
    jti: "0198c5a0-0000-7000-8000-000000000000",
  };
  return `${encoded({ alg: "ES256", kid: "1", typ: "at+jwt", ...header })}.${encoded({ ...usual, ...claims })}`;
}

function signed(header = {}, claims = {}, { privateKey: key } = ours) {
  const text = parts(header, claims);
  return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** One whose signature is an HMAC with a secret that everybody knows: the public key. */
function keyed(secret) {
  const text = parts({ alg: "HS256" }, {});
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

const assertRefused = (token, why) => assert.rejects(issuer.authenticate(token), InvalidToken, JSON.stringify(why));

test("a header that is wrong in one thing is refused", async () => {
  for (const header of [
    { typ: "JWT" },
    { typ: "id+jwt" },
    { typ: ABSENT },
    { typ: 1 },
    { kid: ABSENT },
    { kid: 1 },
    { kid: "2" },
    { alg: "ES384" },
    { alg: "RS256" },
    { alg: "HS256" },
    { alg: "none" },
    { alg: ABSENT },
    { crit: ["exp"] },
    { crit: [] },
    { b64: false },
  ]) {
    await assertRefused(signed(header), header);
  }
  await assertRefused(signed({ jwk: jwk(strangers) }, {}, strangers), "a key in the header");
  await assertRefused(signed({ jku: "https://evil.example" }, {}, strangers), "keys from elsewhere");
});

test("a claim that is wrong is refused", async () => {
  const required = ["iss", "aud", "sub", "scopes", "client_id", "iat", "exp", "jti"];
  for (const claims of [
    ...required.map((claim) => ({ [claim]: ABSENT })),
    ...required.map((claim) => ({ [claim]: null })),
    { iss: `${name}/` },
    { iss: [name] },
    { aud: `${AUDIENCE}/` },
    { aud: ["https://other.example"] },
    { aud: [] },
    { sub: 1 },
    { scopes: "edit" },
    { scopes: [1] },
    { scopes: { edit: true } },
    { client_id: 1 },
    { jti: 1 },
    { exp: now() - 60 },
    { exp: "tomorrow" },
    { nbf: now() + 60 },
    { iat: now() + 60 },
    { iat: "now" },
  ]) {
    await assertRefused(signed({}, claims), claims);
  }
});

test("a signature of somebody else is refused", async () => {
  await assertRefused(signed({}, {}, strangers), "another key");
  for (const secret of [pem, pem.trim(), jwks, ""]) await assertRefused(keyed(secret), secret);
  const [head, body, signature] = signed().split(".");
  const others = signed({}, { sub: "post:2" }).split(".");
  for (const token of [
    `${head}.${body}.`,
    `${head}.${body}`,
    `${head}.${body}.${Buffer.alloc(64).toString("base64url")}`,
    `${head}.${body}.${signature.slice(0, -2)}`,
    `${head}.${body}.${signature}AAAA`,
    `${head}.${body}.${signature}.`,
    `${head}.${others[1]}.${signature}`,
    `${head}.${body}.${others[2]}`,
    `${encoded({ alg: "none", typ: "at+jwt", kid: "1" })}.${body}.`,
    `${head}.${body}.${signature}.${signature}`,
    "",
    ".",
    "..",
    "é.é.é",
    "A".repeat(20_000),
  ]) {
    await assertRefused(token, token);
  }
});

test("what may differ is accepted", async () => {
  for (const [header, claims] of [
    [{ typ: "AT+JWT" }, {}],
    [{ typ: "application/at+jwt" }, {}],
    [{ x: "ignored" }, { x: "ignored" }],
    [{}, { aud: ["https://other.example", AUDIENCE] }],
    [{}, { exp: now() - 2 }],
    [{}, { iat: now() + 2, nbf: now() + 2 }],
    [{}, { scopes: [] }],
  ]) {
    assert.equal((await issuer.authenticate(signed(header, claims))).subject, "post:1");
  }
});
