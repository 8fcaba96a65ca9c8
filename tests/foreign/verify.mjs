// Verifies tokens with jose, as a resource server would. Reads the same object
// as verify.py.

import { webcrypto } from "node:crypto";

// Node 18, which Debian 12 has, does not define it; jose needs it.
globalThis.crypto ??= webcrypto;
const { createRemoteJWKSet, errors, jwtVerify } = await import("jose");

let text = "";
for await (const piece of process.stdin) text += piece;
const given = JSON.parse(text);

const key = given.secret
  ? new TextEncoder().encode(given.secret)
  : createRemoteJWKSet(new URL(given.jwks_url));
const verify = (token) =>
  jwtVerify(token, key, {
    issuer: given.issuer,
    audience: given.audience,
    algorithms: [given.algorithm],
    typ: "at+jwt",
    requiredClaims: ["exp", "iat", "sub", "jti"],
  });

const { payload } = await verify(given.token);
const refused = await verify(given.tampered).then(
  () => false,
  (error) => error instanceof errors.JOSEError,
);
if (!refused) throw new Error("jose accepts a tampered token");
console.log(JSON.stringify({ verifier: "jose", sub: payload.sub, scope: payload.scope }));
