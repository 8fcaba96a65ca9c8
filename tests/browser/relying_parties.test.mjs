// Applications of other people, with libraries that know nothing of Scopegate: a person logs
// in, unticks a scope, and takes everything back on the account page.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { webcrypto } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import * as client from "openid-client";

import { startBrowser } from "./browser.mjs";
import { freePort } from "./demo.mjs";
import { startServer } from "./server.mjs";

// Node 18 has it under another name.
globalThis.crypto ??= webcrypto;

const SCOPES = ["openid", "profile", "email", "me", "items"];
const LEFT = ["email", "me", "openid", "profile"];

/** The virtual environment of the foreign programs. */
const PYTHON = fileURLToPath(new URL("../../target/foreign/venv/bin/python", import.meta.url));

let browser, scopegate, webApp, flaskApp, pageApp;

before(async () => {
  execFileSync(fileURLToPath(new URL("../foreign/install", import.meta.url)));
  const ports = [await freePort(), await freePort(), await freePort()];
  [webApp, flaskApp, pageApp] = ports.map((port) => ({ port, origin: `http://127.0.0.1:${port}` }));
  const held = SCOPES.flatMap((scope) => ["--scope", scope]);
  const [web, flask, page] = [webApp, flaskApp, pageApp].map(({ origin }) => `${origin}/callback`);
  const person = ["--full-name", "John Doe", "--email", "johndoe@example.com"];
  scopegate = await startServer(["--cors-origin", pageApp.origin], [
    ["scope", "add", "items", "--description", "Read your items"],
    ["user", "add", "johndoe", ...person, ...held, "--password-stdin", { input: "a long secret" }],
    ["client", "add", "web", "--name", "The Shop", "--redirect-uri", web, ...held, "--json"],
    ["client", "add", "flask", "--name", "The Flask", "--redirect-uri", flask, ...held, "--json"],
    ["client", "add", "page", "--name", "The Page", "--redirect-uri", page, ...held, "--public"],
  ]);
  webApp.secret = JSON.parse(scopegate.printed[2]).client_secret;
  flaskApp.secret = JSON.parse(scopegate.printed[3]).client_secret;
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await scopegate?.stop();
});

/** Logs in and agrees to all but `items`; ends on a page of the application. */
async function agree(page, origin) {
  await page.fill("input[name=username]", "johndoe");
  await page.fill("input[name=password]", "a long secret");
  await page.click("main form button");
  await page.locator("input[name=scope][value=items]").uncheck();
  await page.click("button[value=allow]");
  await page.waitForURL(`${origin}/**`);
}

/** Takes back what an application was given, in a tab of its own. */
async function revoke(page, name) {
  const account = await page.context().newPage();
  await account.goto(`${scopegate.origin}/account`);
  await account.getByRole("button", { name: `Revoke ${name}` }).click();
  await account.getByRole("heading", { name: "Connected applications" }).waitFor();
  assert.equal(await account.getByRole("button", { name: `Revoke ${name}` }).count(), 0);
  await account.close();
}

/** A web application on a server, by openid-client. */
async function serveWebApp() {
  const known = await client.discovery(
    new URL(scopegate.origin),
    "web",
    webApp.secret,
    undefined,
    { execute: [client.allowInsecureRequests] },
  );
  const redirect_uri = `${webApp.origin}/callback`;
  let pkceCodeVerifier, expectedState, expectedNonce, tokens;
  const pages = {
    "/login": async () => {
      pkceCodeVerifier = client.randomPKCECodeVerifier();
      [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
      const location = client.buildAuthorizationUrl(known, {
        redirect_uri,
        scope: SCOPES.join(" "),
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: "S256",
        state: expectedState,
        nonce: expectedNonce,
      });
      return [303, "", { location: location.href }];
    },
    "/callback": async (url) => {
      const checks = { pkceCodeVerifier, expectedState, expectedNonce };
      tokens = await client.authorizationCodeGrant(known, url, checks);
      const { sub } = tokens.claims();
      const about = await client.fetchUserInfo(known, tokens.access_token, sub);
      return [200, JSON.stringify({ scope: tokens.scope, name: about.name, email: about.email })];
    },
    "/call": async () => {
      const url = new URL(`${scopegate.origin}/users/me`);
      const answer = await client
        .fetchProtectedResource(known, tokens.access_token, url, "GET")
        .catch((error) => error);
      return [200, String(answer.status)];
    },
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, webApp.origin);
    try {
      const [status, body, headers] = await pages[url.pathname](url);
      response.writeHead(status, headers).end(body);
    } catch (error) {
      response.writeHead(500).end(`${error.stack}\n${error.cause}`);
    }
  });
  server.listen(webApp.port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** The same on Flask, by Authlib. */
async function serveFlaskApp() {
  const program = fileURLToPath(new URL("authlib_app.py", import.meta.url));
  const args = [scopegate.origin, "flask", flaskApp.secret, flaskApp.port, SCOPES.join(" ")];
  const python = spawn(PYTHON, [program, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const printed = [];
  for await (const line of createInterface({ input: python.stderr })) {
    printed.push(line);
    if (line.includes("Running on")) return { close: () => python.kill() };
  }
  throw new Error(printed.join("\n"));
}

/** Logs in at a web application, looks at what it got, and takes it back. */
async function visit(app, name) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const call = async () => (await context.request.get(`${app.origin}/call`)).text();
  try {
    await page.goto(`${app.origin}/login`);
    await agree(page, app.origin);
    assert.deepEqual(JSON.parse(await page.innerText("body")), {
      scope: LEFT.join(" "),
      name: "John Doe",
      email: "johndoe@example.com",
    });
    assert.equal(await call(), "200");
    await revoke(page, name);
    assert.equal(await call(), "401");
  } finally {
    await context.close();
  }
}

test("openid-client: a web application gets what is left ticked, until it is taken back", async () => {
  const server = await serveWebApp();
  await visit(webApp, "The Shop").finally(() => server.close());
});

test("Authlib: a web application gets what is left ticked, until it is taken back", async () => {
  const server = await serveFlaskApp();
  await visit(flaskApp, "The Flask").finally(() => server.close());
});

/** A single page that does everything in the browser, by oidc-client-ts. */
async function servePageApp() {
  const library = new URL("../node_modules/oidc-client-ts/dist/browser/", import.meta.url);
  const script = `
    const settings = {
      authority: ${JSON.stringify(scopegate.origin)},
      client_id: "page",
      redirect_uri: location.origin + "/callback",
      scope: ${JSON.stringify(SCOPES.join(" "))},
      loadUserInfo: true,
    };
    const manager = new oidc.UserManager(settings);
    const show = (text) => (document.querySelector("main").textContent = text);
    async function call() {
      const { access_token } = await manager.getUser();
      const headers = { authorization: "Bearer " + access_token };
      return (await fetch(settings.authority + "/users/me", { headers })).status;
    }
    if (location.pathname === "/callback") {
      manager.signinCallback().then(
        ({ scope, profile }) =>
          show(JSON.stringify({ scope, name: profile.name, email: profile.email })),
        (error) => show(String(error)),
      );
    } else manager.signinRedirect();`;
  const html = `<!doctype html><title>The Page</title><main></main>
    <script src="/oidc.js"></script><script src="/app.js"></script>`;
  const files = {
    "/oidc.js": readFileSync(fileURLToPath(new URL("oidc-client-ts.min.js", library))),
    "/app.js": script,
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, pageApp.origin);
    const kind = files[pathname] ? "text/javascript" : "text/html";
    response.writeHead(200, { "content-type": kind }).end(files[pathname] ?? html);
  });
  server.listen(pageApp.port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

test("oidc-client-ts: a page gets what is left ticked, until it is taken back", async () => {
  const server = await servePageApp();
  const context = await browser.newContext();
  const page = await context.newPage();
  try {
    await page.goto(pageApp.origin);
    await page.waitForURL(`${scopegate.origin}/login**`);
    await agree(page, pageApp.origin);
    await page.locator("main:not(:empty)").waitFor();
    assert.deepEqual(JSON.parse(await page.innerText("main")), {
      scope: LEFT.join(" "),
      name: "John Doe",
      email: "johndoe@example.com",
    });
    assert.equal(await page.evaluate("call()"), 200);
    await revoke(page, "The Page");
    assert.equal(await page.evaluate("call()"), 401);
  } finally {
    await context.close();
    server.close();
  }
});
