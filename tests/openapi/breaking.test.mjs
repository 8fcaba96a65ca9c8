// Whoever generated a client from the document of the last release, released.json, can go on
// using it: a change that breaks it fails, unless CHANGELOG.md names the operation under
// "Breaking" of what is unreleased. Before the first release that document is the one which
// clients are generated from meanwhile.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { apiDiff } from "api-smart-diff";

const read = (file) => readFile(new URL(file, import.meta.url), "utf8");
const released = JSON.parse(await read("released.json"));

/** What breaks clients, by the operation as a changelog names it: `GET /users`. */
function breaks(before, after) {
  const found = {};
  for (const difference of apiDiff(before, after).filter(isBreaking)) {
    const [room, path, method] = difference.path;
    const place = room === "paths" && method ? `${method.toUpperCase()} ${path}` : difference.path.slice(0, 3).join("/");
    (found[place] ??= []).push(`${difference.action} ${difference.path.join("/")}`);
  }
  return found;
}

/** What api-smart-diff calls breaking, and what breaks clients that are generated or typed. */
function isBreaking({ type, action, path }) {
  const [room, section] = path;
  const last = path.at(-1);
  if (room === "components" && section === "schemas") {
    // What is in a schema is told again wherever it is used, by which side reads it.
    return path.length === 3 && action === "remove";
  }
  if (room === "components" && section === "securitySchemes") {
    return last !== "description" && action !== "add";
  }
  return (
    type === "breaking" ||
    (last === "operationId" && action !== "add") ||
    (last === "type" && action === "replace") ||
    (last === "nullable" && action === "add" && path.includes("responses")) ||
    (path.at(-2) === "properties" && action === "remove" && path.includes("requestBody")) ||
    (path.at(-3) === "parameters" && last === "name") ||
    // One more scope that an alternative asks for, and not one more alternative.
    (path[3] === "security" && path.length === 7 && action === "add")
  );
}

/** The lines under "Breaking" of what is unreleased. */
function announced(changelog) {
  const unreleased = changelog.split(/^## /m)[1] ?? "";
  return unreleased.split(/^### /m).find((section) => section.startsWith("Breaking")) ?? "";
}

const unannounced = (found, changelog) =>
  Object.entries(found).filter(([place]) => !announced(changelog).includes(`\`${place}\``));

test("no change of the document breaks a client that CHANGELOG.md does not announce", async () => {
  const current = JSON.parse(await read("../../openapi/scopegate.json"));
  const changelog = await read("../../CHANGELOG.md");
  assert.deepEqual(unannounced(breaks(released, current), changelog), []);
});

test("what CHANGELOG.md announces under Breaking may break, and nothing else", () => {
  const found = breaks(released, edited((document) => delete document.paths["/users"]));
  assert.deepEqual(Object.keys(found), ["GET /users", "POST /users"]);
  const changelog = (line) => `# Changelog\n\n## Unreleased\n\n- News.\n\n### Breaking\n\n- ${line}\n\n## 0.1.0\n`;
  assert.equal(unannounced(found, changelog("`GET /users` and `POST /users` are gone.")).length, 0);
  assert.equal(unannounced(found, changelog("`GET /users` is gone.")).length, 1);
  assert.equal(unannounced(found, "## Unreleased\n\n- `GET /users`, `POST /users`.\n").length, 2);
});

const edited = (edit) => {
  const document = structuredClone(released);
  edit(document);
  return document;
};

const schema = (document, name) => document.components.schemas[name];
const listUsers = (document) => document.paths["/users"].get;

/** Changes, and the operations whose clients each of them breaks. */
const CHANGES = {
  "an operation is removed": [(it) => delete it.paths["/users"].post, ["POST /users"]],
  "an operation has another id": [(it) => (listUsers(it).operationId = "users"), ["GET /users"]],
  "a parameter is removed": [(it) => listUsers(it).parameters.pop(), ["GET /users"]],
  "a parameter must be there": [(it) => (listUsers(it).parameters[0].required = true), ["GET /users"]],
  "an optional parameter is new": [
    (it) => listUsers(it).parameters.push({ name: "order", in: "query", required: false, schema: { type: "string" } }),
    [],
  ],
  "one more scope is asked for": [(it) => listUsers(it).security[0].scopegate.push("me"), ["GET /users"]],
  "another scope does as well": [(it) => listUsers(it).security.push({ scopegate: ["me"] }), []],
  "a credential is no longer taken": [(it) => it.paths["/introspect"].post.security.pop(), ["POST /introspect"]],
  "what was open asks for a token": [(it) => (it.paths["/healthz"].get.security = [{ scopegate: [] }]), ["GET /healthz"]],
  "a body must have one member more": [(it) => schema(it, "UserCreate").required.push("email"), ["POST /users"]],
  "a body may have one member more": [(it) => (schema(it, "UserCreate").properties.nickname = { type: "string" }), []],
  "a body has one member less": [(it) => delete schema(it, "UserCreate").properties.email, ["POST /users"]],
  "a bound of a body is narrower": [(it) => (schema(it, "UserCreate").properties.username.maxLength = 8), ["POST /users"]],
  "a bound of a body is wider": [(it) => (schema(it, "UserCreate").properties.username.maxLength = 9_999), []],
  "an answer has one member more": [(it) => (schema(it, "TokenAnswer").properties.note = { type: "string" }), []],
  "an answer has one member less": [(it) => delete schema(it, "TokenAnswer").properties.scope, ["POST /token"]],
  "a member of an answer may be missing": [(it) => schema(it, "TokenAnswer").required.pop(), ["POST /token"]],
  "a member of an answer may be null": [(it) => (schema(it, "TokenAnswer").properties.scope.nullable = true), ["POST /token"]],
  "a member of an answer is of another type": [
    (it) => (schema(it, "TokenAnswer").properties.scope.type = "integer"),
    ["POST /token"],
  ],
  "a value is no longer taken": [(it) => schema(it, "KeyAlgorithm").enum.pop(), ["POST /keys"]],
  "an answer is removed": [(it) => delete listUsers(it).responses["200"], ["GET /users"]],
  "tokens come from elsewhere": [
    (it) => (it.components.securitySchemes.scopegate.flows.password.tokenUrl = "/tokens"),
    ["components/securitySchemes/scopegate"],
  ],
  "a description says more": [(it) => (listUsers(it).description += " Sorted."), []],
};

for (const [name, [edit, places]] of Object.entries(CHANGES)) {
  test(`${name}: ${places.length ? "a break" : "no break"}`, () => {
    assert.deepEqual(Object.keys(breaks(released, edited(edit))), places);
  });
}
