// Swagger UI and ReDoc as a newcomer meets them, in a real browser.
//
// With SCREENSHOT=file the first test leaves a picture of its page there; the
// demo is at its usual address then, so that the picture shows it.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { openPage, startBrowser } from "./browser.mjs";
import { startDemo } from "./demo.mjs";
import { authorize, execute, logIn, logOut, openDocs } from "./swagger_ui.mjs";

const { SCREENSHOT } = process.env;
const JOHNDOE = { username: "johndoe", password: "secret" };

let browser, demo, page, faults;

before(async () => {
  [demo, browser] = await Promise.all([startDemo(SCREENSHOT ? 8000 : 0), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

beforeEach(async () => {
  ({ page, faults } = await openPage(browser, demo.origin));
});

afterEach(async () => {
  await page.context().close();
});

/** The page did nothing wrong: no error, no breach of its policy, no request elsewhere. */
async function assertNoFaults() {
  // What the page has just been told to do is on the screen after a frame.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  assert.deepEqual(faults, []);
}

test("who logs in with the scope gets the profile", async () => {
  await openDocs(page, `${demo.origin}/docs`);
  await authorize(page, { ...JOHNDOE, scopes: ["me"] });

  const answer = await execute(page, "get", "/users/me");

  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, {
    username: "johndoe",
    email: "johndoe@example.com",
    full_name: "John Doe",
    disabled: false,
    scopes: ["email", "items", "me", "me:write", "offline_access", "openid", "profile", "tokens"],
  });
  await assertNoFaults();
  if (SCREENSHOT) await takePicture(SCREENSHOT);
});

test("who logs out and in again without the scope is told which one is missing", async () => {
  await openDocs(page, `${demo.origin}/docs`);
  await authorize(page, { ...JOHNDOE, scopes: ["me"] });
  assert.equal((await execute(page, "get", "/users/me")).status, 200);
  await logOut(page);
  assert.equal((await execute(page, "get", "/users/me")).status, 401);

  await authorize(page, { ...JOHNDOE, scopes: [] });
  const answer = await execute(page, "get", "/users/me");

  assert.equal(answer.status, 403);
  assert.match(answer.body.detail, /scope me$/);
  const challenge = answer.headers.find((line) => line.trim().startsWith("www-authenticate"));
  assert.match(challenge, /error="insufficient_scope", *scope="me"/);
  await assertNoFaults();
});

test("a scope of the team's own can be ticked, and the form for people comes first", async () => {
  await openDocs(page, `${demo.origin}/docs`);
  const answered = page.waitForResponse((answer) => answer.url().endsWith("/token"));
  await authorize(page, { ...JOHNDOE, scopes: ["items"] });
  assert.equal((await (await answered).json()).scope, "items");
  await page.locator(".btn.authorize").first().click();
  const first = page.locator(".dialog-ux .auth-container").first();
  assert.match(await first.innerText(), /scopegate \(OAuth2, password\)/);
  await assertNoFaults();
});

test("scopes that were asked for and not granted are named", async () => {
  await openDocs(page, `${demo.origin}/docs`);
  const notice = page.locator("#notice");
  await authorize(page, { ...JOHNDOE, scopes: ["me", "users:read"] });
  assert.match(await notice.innerText(), /Not granted.*: users:read$/);
  await logOut(page);
  await authorize(page, { ...JOHNDOE, scopes: ["me"] });
  await notice.waitFor({ state: "hidden" });
  await assertNoFaults();
});

test("the page is dark where the system is", async () => {
  const colour = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.emulateMedia({ colorScheme: "dark" });
  await openDocs(page, `${demo.origin}/docs`);
  const dark = await colour();
  await page.emulateMedia({ colorScheme: "light" });
  await page.waitForFunction((was) => getComputedStyle(document.documentElement).backgroundColor !== was, dark);
  await assertNoFaults();
});

test("on a phone nothing covers the answer", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openDocs(page, `${demo.origin}/docs`);
  await authorize(page, { ...JOHNDOE, scopes: ["me"] });
  await execute(page, "get", "/users/me");
  const answer = page.locator(".live-responses-table .highlight-code pre");
  await answer.scrollIntoViewIfNeeded();
  const isOnTop = await answer.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const found = document.elementFromPoint(left + Math.min(width / 2, innerWidth / 2 - left), top + height / 2);
    return element.contains(found) || found.contains(element);
  });
  assert.ok(isOnTop);
  await assertNoFaults();
});

test("a wrong password is said to be wrong", async () => {
  await openDocs(page, `${demo.origin}/docs`);

  const dialog = await logIn(page, { ...JOHNDOE, password: "wrong", scopes: ["me"] });

  await dialog.locator(".errors", { hasText: "invalid_grant" }).first().waitFor();
  await assertNoFaults();
});

test("C16: Swagger UI shows no other document, whatever its address says", async () => {
  const elsewhere = "http://elsewhere.invalid/openapi.json";
  await openDocs(page, `${demo.origin}/docs?url=${elsewhere}&configUrl=${elsewhere}`);
  await assertNoFaults();
});

test("Swagger UI opens every operation without a fault", async () => {
  await openDocs(page, `${demo.origin}/docs/`);
  const clickAll = (buttons) => buttons.forEach((button) => button.click());
  const operations = await page.locator(".opblock").count();
  assert.ok(operations > 5);

  await page.locator(".opblock-summary-control").evaluateAll(clickAll);
  const tryOut = page.locator(".opblock.is-open .try-out__btn");
  await tryOut.nth(operations - 1).waitFor();
  await tryOut.evaluateAll(clickAll);
  await page.locator(".opblock button.execute").nth(operations - 1).waitFor();
  await page.locator("button.model-box-control[aria-expanded=false]").evaluateAll(clickAll);

  await assertNoFaults();
});

test("ReDoc shows every operation", async () => {
  const document = await (await fetch(`${demo.origin}/openapi.json`)).json();
  await page.goto(`${demo.origin}/redoc`);

  for (const path of Object.values(document.paths)) {
    for (const { summary } of Object.values(path)) {
      await page.getByRole("heading", { name: summary }).first().waitFor();
    }
  }
  await assertNoFaults();
});

test("the start page leads to both, and to the document", async () => {
  for (const name of ["Swagger UI", "ReDoc", "openapi.json", "openapi.yaml"]) {
    await page.goto(demo.origin);
    const address = await page.getByRole("link", { name }).getAttribute("href");
    const answer = await page.request.get(new URL(address, page.url()).href);
    assert.equal(answer.status(), 200, name);
  }
  await assertNoFaults();
});

/** The page, from its top to the end of the answer. */
async function takePicture(path) {
  const width = page.viewportSize().width;
  const box = await page.locator(".live-responses-table").boundingBox();
  const height = Math.ceil(box.y + box.height + (await page.evaluate(() => scrollY)));
  await page.setViewportSize({ width, height });
  await page.mouse.move(0, 0);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
}
