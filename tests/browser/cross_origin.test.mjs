// FastAPI's own documentation page, unmodified, authorizes against a Scopegate elsewhere.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { startBrowser } from "./browser.mjs";
import { freePort, startDemo } from "./demo.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Serves examples/fastapi. Resolves to its origin and a function that ends it. */
async function startApi(port, issuer) {
  const python = `${ROOT}/target/foreign/venv/bin/python`;
  const args = ["-m", "uvicorn", "main:app", "--port", String(port), "--log-level", "critical"];
  const env = { ...process.env, ISSUER: issuer, PYTHONPATH: `${ROOT}/clients/python/src` };
  const api = spawn(python, args, { cwd: `${ROOT}/examples/fastapi`, env, stdio: "inherit" });
  const origin = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${origin}/openapi.json`).catch(() => false))) {
    assert.equal(api.exitCode, null, "the application ended");
    await new Promise((done) => setTimeout(done, 50));
  }
  return { origin, stop: () => api.kill() };
}

test("the Authorize button of another API's page logs in here, and its calls are let through", async () => {
  const port = await freePort();
  const demo = await startDemo(await freePort(), ["--cors-origin", `http://127.0.0.1:${port}`]);
  const api = await startApi(port, demo.origin);
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    // The page takes Swagger UI from another host: here it is given ours.
    await page.route(/cdn\.jsdelivr\.net/, async (route) => {
      const name = new URL(route.request().url()).pathname.split("/").pop();
      const asset = await fetch(`${demo.origin}/docs/${name}`);
      await route.fulfill({ body: Buffer.from(await asset.arrayBuffer()), contentType: asset.headers.get("content-type") });
    });
    await page.route(/fastapi\.tiangolo\.com/, (route) => route.fulfill({ body: "" }));
    await page.goto(`${api.origin}/docs`);
    await page.locator(".auth-wrapper > button.authorize").click();
    const dialog = page.locator(".dialog-ux .modal-ux");
    await dialog.locator("#oauth_username").fill("johndoe");
    await dialog.locator("#oauth_password").fill("secret");
    await dialog.locator('label[for="items-password-checkbox-scopegate"]').click();
    const form = dialog.locator(".auth-container", { has: page.locator("#oauth_username") });
    await form.getByRole("button", { name: "Apply given OAuth2 credentials" }).click();
    await dialog.locator("h6", { hasText: "Authorized" }).first().waitFor();
    await dialog.locator(".close-modal").click();

    const box = page.locator(".opblock-get", { has: page.locator('[data-path="/items"]') });
    await box.locator(".opblock-summary-control").click();
    await box.locator(".try-out__btn").click();
    await box.locator("button.execute").click();
    const answer = box.locator(".live-responses-table tbody tr.response");
    await answer.waitFor();
    assert.match(await answer.locator(".highlight-code pre").innerText(), /"owner": "username:johndoe"/);
  } finally {
    await browser.close();
    api.stop();
    await demo.stop();
  }
});
