// Every page for people, as everybody meets it: by axe-core (WCAG 2.2 AA), in light and dark,
// on a phone and on a desk, and with JavaScript off.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import axe from "axe-core";
import lighthouse from "lighthouse";

import { openPage, startBrowser } from "./browser.mjs";
import { freePort, startDemo } from "./demo.mjs";
import { execute, openDocs } from "./swagger_ui.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let browser, demo, application, callback;

before(async () => {
  application = createServer((_, response) => response.end("back")).listen(0, "127.0.0.1");
  await once(application, "listening");
  callback = `http://127.0.0.1:${application.address().port}/callback`;
  // At a port that is known beforehand, so that the issuer is where it listens.
  const settings = ["--registration", "open"];
  [demo, browser] = await Promise.all([startDemo(await freePort(), settings), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
  application.close();
});

/** The address that a newly registered application sends people to. */
async function authorizeUrl(more = {}) {
  const registered = await fetch(`${demo.origin}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "The Shop",
      redirect_uris: [callback],
      token_endpoint_auth_method: "none",
    }),
  });
  const { client_id } = await registered.json();
  const query = new URLSearchParams({
    client_id,
    response_type: "code",
    redirect_uri: callback,
    scope: "me items offline_access",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    ...more,
  });
  return `${demo.origin}/authorize?${query}`;
}

async function signIn(page, address = `${demo.origin}/login`) {
  await page.goto(address);
  await page.fill("input[name=username]", "johndoe");
  await page.fill("input[name=password]", "secret");
  await page.click("main form button");
}

/** Clicks, and gives the address of the application that the browser is sent to. */
async function sentTo(page, click) {
  await Promise.all([page.waitForURL(`${callback}**`), click()]);
  return new URL(page.url());
}

/** Each page, and how one comes there signed in as johndoe. */
const PAGES = {
  home: (page) => page.goto(demo.origin),
  "login, after a wrong password": async (page) => {
    await page.context().clearCookies();
    await page.goto(`${demo.origin}/login`);
    await page.fill("input[name=username]", "johndoe");
    await page.fill("input[name=password]", "wrong");
    await page.click("main form button");
    await page.getByRole("alert").waitFor();
  },
  consent: async (page) => {
    await page.goto(await authorizeUrl({ prompt: "consent" }));
    await page.locator("button[value=allow]").waitFor();
  },
  "account, with a new token": async (page) => {
    await page.goto(`${demo.origin}/account`);
    await page.fill("input[name=name]", "A robot");
    await page.locator("input[name=scope][value=me]").check();
    await page.getByRole("button", { name: "Create token" }).click();
    await page.locator("textarea").waitFor();
  },
  device: (page) => page.goto(`${demo.origin}/device`),
  "device, whose code is known": async (page) => {
    const body = new URLSearchParams({ scope: "me" });
    const begun = await fetch(`${demo.origin}/device_authorization`, { method: "POST", body });
    await page.goto((await begun.json()).verification_uri_complete);
    await page.locator("button[value=allow]").waitFor();
  },
  logout: (page) => page.goto(`${demo.origin}/logout`),
  refusal: (page) => page.goto(`${demo.origin}/authorize?client_id=nobody`),
};

for (const [name, open] of Object.entries(PAGES)) {
  test(`${name}: no violation in both colours, on a phone and on a desk`, async () => {
    const { page, faults } = await openPage(browser, demo.origin);
    await signIn(page);
    await open(page);
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        const overflow = await page.evaluate(() => document.body.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width}`);
        assert.deepEqual(faults, []);
        await page.evaluate(axe.source);
        const run = (values) => axe.run(document, { runOnly: { type: "tag", values } });
        const { violations } = await page.evaluate(run, RULES);
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
        assert.deepEqual(found, [], `${name}, ${colorScheme}, ${width} px`);
      }
    }
    await page.context().close();
  });
}

test("with JavaScript off one logs in, consents to a part, and takes it back", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, await authorizeUrl());
  await page.locator("input[name=scope][value=items]").uncheck();
  const answer = await sentTo(page, () => page.click("button[value=allow]"));
  assert.ok(answer.searchParams.get("code"));

  await page.goto(`${demo.origin}/account`);
  const app = page.locator("article", { hasText: "The Shop" }).first();
  assert.match(await app.innerText(), /Allowed: me offline_access\./);
  const before = await page.locator("article", { hasText: "The Shop" }).count();
  await app.getByRole("button", { name: "Revoke" }).click();
  assert.equal(await page.locator("article", { hasText: "The Shop" }).count(), before - 1);
  await context.close();
});

test("where a form is posted to the application there is a button without JavaScript", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, await authorizeUrl({ response_mode: "form_post" }));
  await page.click("button[value=allow]");
  const answer = await sentTo(page, () => page.getByRole("button").click());
  assert.equal(answer.search, "");
  await context.close();
});

test("without the password grant Swagger UI logs in on a page, by the code flow", async () => {
  const port = new URL(demo.origin).port;
  await demo.stop();
  demo = await startDemo(port, ["--password-grant", "off"]);
  const { page, faults } = await openPage(browser, demo.origin);
  await openDocs(page, `${demo.origin}/docs`);
  await page.locator(".auth-wrapper > button.authorize").click();
  const dialog = page.locator(".dialog-ux .modal-ux");
  assert.equal(await dialog.locator("#oauth_username").count(), 0);
  await dialog.locator('label[for="me-authorizationCode-checkbox-scopegate"]').click();
  const form = dialog.locator(".auth-container", { hasText: "authorizationCode" });
  const [popup] = await Promise.all([
    page.waitForEvent("popup"),
    form.getByRole("button", { name: "Apply given OAuth2 credentials" }).click(),
  ]);
  await popup.fill("input[name=username]", "johndoe");
  await popup.fill("input[name=password]", "secret");
  await Promise.all([popup.waitForEvent("close"), popup.click("main form button")]);
  await dialog.locator("h6", { hasText: "Authorized" }).first().waitFor();
  await dialog.locator(".close-modal").click();
  const answer = await execute(page, "get", "/users/me");
  assert.equal(answer.status, 200);
  assert.equal(answer.body.username, "johndoe");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the login page is all that Lighthouse wishes, and weighs less than 20 KiB", async () => {
  const port = await freePort();
  const remote = await startBrowser([`--remote-debugging-port=${port}`]);
  const onlyCategories = ["accessibility", "best-practices"];
  try {
    const { lhr } = await lighthouse(`${demo.origin}/login`, { port, onlyCategories, logLevel: "error" });
    const missed = Object.values(lhr.audits).filter(({ score }) => score !== null && score < 1);
    assert.deepEqual(missed.map(({ id }) => id), []);
    assert.deepEqual(Object.values(lhr.categories).map(({ score }) => score), [1, 1]);
  } finally {
    await remote.close();
  }
  const { page } = await openPage(browser, demo.origin);
  const weights = [];
  page.on("requestfinished", (request) => {
    const sizes = request.sizes();
    weights.push(sizes.then((one) => one.responseHeadersSize + one.responseBodySize));
  });
  await page.goto(`${demo.origin}/login`, { waitUntil: "networkidle" });
  await page.context().close();
  const weight = (await Promise.all(weights)).reduce((sum, one) => sum + one, 0);
  assert.ok(weights.length >= 2 && weight > 1_000 && weight < 20 * 1024, `${weights.length} answers, ${weight} bytes`);
});
