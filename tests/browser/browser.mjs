// A headless Chromium that remembers everything that a page does wrong.

import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the browser, with a profile of its own that is gone afterwards. */
export function startBrowser(flags = []) {
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags], headless: true });
}

/**
 * Opens an empty page, and a list of what went wrong in it: console errors and
 * warnings, exceptions, violations of its policy, requests that failed or went
 * to another origin. Answers of 400 and above are no faults by themselves: the
 * browser prints those that scripts asked for, and a refusal may be what a test wants.
 */
export async function openPage(browser, origin) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    deviceScaleFactor: 1,
    colorScheme: "light",
    locale: "en-GB",
  });
  const faults = [];
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      const { violatedDirective, blockedURI, sourceFile, lineNumber, sample } = event;
      console.error("policy", violatedDirective, blockedURI, sourceFile, lineNumber, sample);
    });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => {
    const isOfInterest = ["error", "warning"].includes(message.type());
    const isStatus = message.text().startsWith("Failed to load resource: the server responded");
    if (isOfInterest && !isStatus) faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("requestfailed", (request) => {
    faults.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (protocol !== "data:" && asked !== origin) faults.push(`elsewhere: ${request.url()}`);
  });
  return { page, faults };
}
