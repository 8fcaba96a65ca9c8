// What a program does with the generated types: every answer is checked, and every value that is
// used here has its type from the document (`tsc --strict`).
import assert from "node:assert/strict";

import createClient from "openapi-fetch";

import type { components, paths } from "./schema.js";

type Problem = components["schemas"]["Problem"];

const base = process.argv[2] ?? "";
const password = "correct horse battery";
const form = (body: Record<string, unknown>) =>
  new URLSearchParams(Object.entries(body).map(([name, value]) => [name, String(value)]));

const open = createClient<paths>({ baseUrl: base });
const holding = (token: string) =>
  createClient<paths>({ baseUrl: base, headers: { authorization: `Bearer ${token}` } });

function found<T>(answer: { data?: T; error?: unknown }): T {
  assert.ok(answer.data !== undefined, JSON.stringify(answer.error));
  return answer.data;
}

function refused(answer: { error?: Problem; response: Response }, status: number): Problem {
  assert.equal(answer.response.status, status);
  assert.ok(answer.error);
  return answer.error;
}

const scope = "me tokens users:read users:write introspect revocations:read";
const logIn = (typed: string) =>
  open.POST("/token", {
    body: { grant_type: "password", username: "ada", password: typed, scope },
    bodySerializer: form,
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
const admin = holding(found(await logIn(password)).access_token);
const wrong = await logIn("wrong password");
assert.equal(wrong.error?.error, "invalid_grant");

const me = found(await admin.GET("/users/me"));
assert.ok(me.username === "ada" && me.scopes.includes("me"));

const made = found(
  await admin.POST("/users/me/tokens", { body: { name: "a bot", scopes: ["me"], expires_in: 3600 } }),
);
const bot = holding(made.access_token);
assert.equal(found(await bot.GET("/users/me")).username, "ada");

for (let number = 0; number < 5; number++) {
  const user = found(await admin.POST("/users", { body: { username: `user-${number}` } }));
  assert.equal(user.disabled, false);
}
const names: string[] = [];
let cursor: string | null = "";
while (cursor !== null) {
  const query: { limit: number; cursor?: string } = cursor === "" ? { limit: 2 } : { limit: 2, cursor };
  const page: components["schemas"]["UserPage"] = found(await admin.GET("/users", { params: { query } }));
  names.push(...page.items.map((user) => user.username));
  cursor = page.next_cursor;
}
assert.deepEqual(names, ["ada", "user-0", "user-1", "user-2", "user-3", "user-4"]);

const unknown = refused(await holding("garbage").GET("/users/me"), 401);
assert.ok(unknown.type.endsWith("/problems/invalid-token"));

const lacking: string | undefined = refused(await bot.GET("/users"), 403).scope;
assert.equal(lacking, "users:read");

const unfit = refused(await admin.POST("/users", { body: { username: "" } }), 422);
assert.deepEqual(unfit.errors?.map((one) => one.field), ["username"]);

const ask = (client: typeof admin, token: string) =>
  client.POST("/introspect", {
    body: { token },
    bodySerializer: form,
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
assert.equal(found(await ask(admin, made.access_token)).active, true);
assert.equal((await ask(holding("garbage"), "x")).error?.error, "invalid_token");

const revoked = found(await admin.GET("/revocations"));
assert.deepEqual(revoked.revocations, []);
