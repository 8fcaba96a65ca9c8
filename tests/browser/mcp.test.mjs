// An agent and a server of the Model Context Protocol, with its own SDKs: nothing is prepared
// but Scopegate's settings, and a person who logs in and agrees in a real browser.

import assert from "node:assert/strict";
import { once } from "node:events";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startBrowser } from "./browser.mjs";
import { freePort, startDemo } from "./demo.mjs";
import { startServer } from "./server.mjs";

const EXAMPLE = fileURLToPath(new URL("../../examples/mcp/", import.meta.url));

/** The virtual environment of the foreign programs. */
const PYTHON = fileURLToPath(new URL("../../target/foreign/venv/bin/python", import.meta.url));

let browser;
before(async () => {
  execFileSync(fileURLToPath(new URL("../foreign/install", import.meta.url)));
  browser = await startBrowser();
});
after(() => browser.close());

/** A program of the example; `line(start)` waits for a line that begins so. */
function run(file, args, env) {
  const child = spawn(file.endsWith(".py") ? PYTHON : "node", [file, ...args], {
    cwd: EXAMPLE,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = [];
  const waiting = new Set();
  const ended = once(child, "close").then(() => waiting.forEach((check) => check(true)));
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      printed.push(line);
      waiting.forEach((check) => check(false));
    });
  }
  const line = (start) =>
    new Promise((resolve, reject) => {
      const check = (isOver) => {
        const found = printed.find((one) => one.startsWith(`${start} `));
        if (found) resolve(found.slice(start.length + 1));
        else if (isOver) reject(new Error(`${file} ended:\n${printed.join("\n")}`));
        else return;
        waiting.delete(check);
      };
      waiting.add(check);
      check(child.exitCode !== null);
    });
  const stop = () => {
    child.kill();
    return ended;
  };
  return { line, stop };
}

/** Logs in as johndoe and agrees where the agent sends the person; gives what the page said. */
async function agree(address, password = "secret") {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(address);
  await page.fill("input[name=username]", "johndoe");
  await page.fill("input[name=password]", password);
  await page.click("form button");
  const said = await page.textContent("main");
  await page.click("button[value=allow]");
  await page.waitForURL("**/callback?*");
  await context.close();
  return said;
}

const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** The whole way, for an agent that is known one way or the other. */
async function walk(settings, { agentEnv = {}, demoEnv = {} } = {}) {
  const port = await freePort();
  const resource = `http://127.0.0.1:${port}/mcp`;
  const scopegate = await startDemo(
    await freePort(),
    ["--allowed-audience", resource, ...settings],
    demoEnv,
  );
  const server = run("server.mjs", [], { SCOPEGATE: scopegate.origin, PORT: String(port) });
  try {
    await server.line("listening");
    const agent = run("agent.mjs", [resource], agentEnv);
    const said = await agree(await agent.line("open"));
    const [client, token] = [await agent.line("client"), await agent.line("token")];
    assert.equal(await agent.line("tool"), "The items of username:johndoe: a hat, a stick");
    assert.equal(claims(token).aud, resource);
    assert.equal(claims(token).client_id, client);
    assert.deepEqual(claims(token).scopes, ["items"]);
    const own = { headers: { authorization: `Bearer ${token}` } };
    assert.equal((await fetch(`${scopegate.origin}/users/me`, own)).status, 401);
    await agent.stop();
    return { client, said };
  } finally {
    await Promise.all([server.stop(), scopegate.stop()]);
  }
}

test("an agent registers itself and calls a tool that the user let it", async () => {
  const { said } = await walk(["--registration", "open"]);
  assert.match(said, /An agent/);
});

test("an agent is known by its document and calls a tool that the user let it", async () => {
  const callback = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "scopegate-"));
  const [key, certificate] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  execFileSync("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(" "),
    ..."-subj /CN=agent -addext subjectAltName=IP:127.0.0.1".split(" "),
    ..."-addext basicConstraints=critical,CA:FALSE -keyout".split(" "),
    key,
    "-out",
    certificate,
  ], { stdio: "ignore" });
  const identity = { key: readFileSync(key), cert: readFileSync(certificate) };
  const host = createServer(identity, (request, response) => {
    const described = {
      client_id: id,
      client_name: "An agent with a document",
      redirect_uris: [`http://127.0.0.1:${callback}/callback`],
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "none",
    };
    response.setHeader("content-type", "application/json").end(JSON.stringify(described));
  }).listen(0, "127.0.0.1");
  await once(host, "listening");
  const id = `https://127.0.0.1:${host.address().port}/agent.json`;
  const on = ["--client-metadata-documents", "on", "--client-metadata-allow", "127.0.0.1"];
  try {
    const agentEnv = { DOCUMENT: id, CALLBACK_PORT: String(callback) };
    const demoEnv = { SSL_CERT_FILE: certificate };
    const { client, said } = await walk(on, { agentEnv, demoEnv });
    assert.equal(client, id);
    assert.match(said, /An agent with a document/);
  } finally {
    host.close();
    rmSync(folder, { recursive: true });
  }
});

test("in Python, and the server calls a further API for the same user", async () => {
  const password = "a long secret";
  const [port, ordersPort] = [await freePort(), await freePort()];
  const resource = `http://127.0.0.1:${port}/mcp`;
  const orders = `http://127.0.0.1:${ordersPort}/orders`;
  const owns = (...audiences) => audiences.flatMap((audience) => ["--audience", audience]);
  const scopegate = await startServer(
    ["--registration", "open", "--allowed-audience", resource],
    [
      ["scope", "add", "items", "--description", "Read your items"],
      ["user", "add", "johndoe", "--scope", "items", "--password-stdin", { input: password }],
      ["client", "add", "items-server", "--grant", "token-exchange", "--scope", "items",
        ...owns(resource, orders), "--json"],
      ["client", "add", "orders-server", ...owns(orders), "--json"],
    ],
  );
  const secret = (index) => JSON.parse(scopegate.printed[index]).client_secret;
  // The further API asks Scopegate about the token that it is shown.
  const basic = Buffer.from(`orders-server:${secret(3)}`).toString("base64");
  const api = createHttpServer(async (request, response) => {
    const token = request.headers.authorization.replace("Bearer ", "");
    const asked = await fetch(`${scopegate.origin}/introspect`, {
      method: "POST",
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ token }),
    });
    const { active, sub, aud, act } = await asked.json();
    response.writeHead(active && aud.includes(orders) ? 200 : 401).end(JSON.stringify({ sub, act }));
  }).listen(ordersPort, "127.0.0.1");
  const server = run("server.py", [], {
    SCOPEGATE: scopegate.origin,
    PORT: String(port),
    CLIENT_ID: "items-server",
    CLIENT_SECRET: secret(2),
    ORDERS: orders,
  });
  try {
    await server.line("listening");
    const agent = run("agent.py", [resource, "list_orders"], {});
    const said = await agree(await agent.line("open"), password);
    assert.match(said, /An agent in Python/);
    const token = await agent.line("token");
    assert.equal(claims(token).aud, resource);

    assert.deepEqual(JSON.parse(await agent.line("tool")), {
      sub: "username:johndoe",
      act: { sub: "client:items-server" },
    });
    assert.equal((await fetch(orders, { headers: { authorization: `Bearer ${token}` } })).status, 401);
    await agent.stop();
  } finally {
    await Promise.all([server.stop(), scopegate.stop()]);
    api.close();
  }
});
