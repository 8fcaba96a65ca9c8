// What a program does with the client that @hey-api/openapi-ts makes: every answer is checked, and
// every value that is used here has its type from the document (`tsc --strict`).
import assert from "node:assert/strict";

import { createClient } from "./client/client";
import {
  createMyToken,
  createToken,
  createUser,
  getMe,
  introspectToken,
  listMyTokens,
  listRevocations,
  listUsers,
} from "./client/sdk.gen";
import type { UserPage } from "./client/types.gen";

const baseUrl = process.argv[2] ?? "";
const password = "correct horse battery";
const anybody = createClient({ baseUrl });
// As a function: it would send a bare string wherever a credential is possible, as a client's secret too.
const holding = (token: string) =>
  createClient({ baseUrl, auth: ({ scheme }) => (scheme === "bearer" ? token : undefined) });

type Outcome<Data, Refusal> = { data?: Data; error?: Refusal; response: Response };

async function found<Data>(call: Promise<Outcome<Data, unknown>>): Promise<Data> {
  const { data, error } = await call;
  assert.ok(data !== undefined, JSON.stringify(error));
  return data;
}

async function refused<Refusal>(call: Promise<Outcome<unknown, Refusal>>, status: number): Promise<Refusal> {
  const { error, response } = await call;
  assert.ok(error !== undefined && response.status === status);
  return error;
}

const scope = "me tokens users:read users:write introspect revocations:read";
const logIn = (typed: string) =>
  createToken({ client: anybody, body: { grant_type: "password", username: "ada", password: typed, scope } });

async function main() {
  const admin = holding((await found(logIn(password))).access_token);
  assert.equal((await refused(logIn("wrong password"), 400)).error, "invalid_grant");

  const me = await found(getMe({ client: admin }));
  assert.ok(me.username === "ada" && me.scopes.includes("me"));

  const made = await found(
    createMyToken({ client: admin, body: { name: "a bot", scopes: ["me"], expires_in: 3600 } }),
  );
  const bot = holding(made.access_token);
  assert.equal((await found(getMe({ client: bot }))).username, "ada");
  assert.equal((await listMyTokens({ client: admin })).response.status, 200);

  for (let number = 0; number < 5; number++) {
    const user = await found(createUser({ client: admin, body: { username: `user-${number}` } }));
    assert.equal(user.disabled, false);
  }
  let page: UserPage = await found(listUsers({ client: admin, query: { limit: 2 } }));
  const names = page.items.map((user) => user.username);
  while (page.next_cursor !== null) {
    page = await found(listUsers({ client: admin, query: { limit: 2, cursor: page.next_cursor } }));
    names.push(...page.items.map((user) => user.username));
  }
  assert.deepEqual(names, ["ada", "user-0", "user-1", "user-2", "user-3", "user-4"]);

  const stranger = holding("garbage");
  assert.ok((await refused(getMe({ client: stranger }), 401)).type.endsWith("/problems/invalid-token"));
  assert.equal((await refused(listUsers({ client: bot }), 403)).scope, "users:read");

  const unfit = await refused(createUser({ client: admin, body: { username: "" } }), 422);
  assert.deepEqual(unfit.errors?.map((one) => one.field), ["username"]);

  const ask = (client: typeof admin, token: string) => introspectToken({ client, body: { token } });
  assert.equal((await found(ask(admin, made.access_token))).active, true);
  assert.equal((await refused(ask(stranger, "x"), 401)).error, "invalid_token");

  assert.deepEqual((await found(listRevocations({ client: admin }))).revocations, []);
}

main();
