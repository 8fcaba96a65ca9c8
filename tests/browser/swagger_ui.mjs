// What a person does on the Swagger UI page.

/** Opens the page and waits until it shows the operations. */
export async function openDocs(page, address) {
  await page.goto(address);
  await operation(page, "get", "/users/me").waitFor();
}

/** One operation's box. */
export function operation(page, method, path) {
  return page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });
}

/** Opens the Authorize dialog and sends the form of the password flow. */
export async function logIn(page, { username, password, scopes }) {
  const dialog = await openDialog(page);
  await dialog.locator("#oauth_username").fill(username);
  await dialog.locator("#oauth_password").fill(password);
  for (const scope of scopes) {
    await dialog.locator(`label[for="${scope}-password-checkbox-scopegate"]`).click();
  }
  const form = dialog.locator(".auth-container", { has: page.locator("#oauth_username") });
  await form.getByRole("button", { name: "Apply given OAuth2 credentials" }).click();
  return dialog;
}

/** Logs in, and closes the dialog once it says so. */
export async function authorize(page, login) {
  const dialog = await logIn(page, login);
  // The form of each flow says so: they are of one scheme.
  await dialog.locator("h6", { hasText: "Authorized" }).first().waitFor();
  await closeDialog(dialog);
}

/** Opens the Authorize dialog, presses Logout and closes it. */
export async function logOut(page) {
  const dialog = await openDialog(page);
  await dialog.locator("button", { hasText: "Logout" }).first().click();
  await dialog.locator("#oauth_username").waitFor();
  await closeDialog(dialog);
}

/** Tries an operation out, and reads the answer that the page then shows. */
export async function execute(page, method, path) {
  const box = operation(page, method, path);
  if (!(await box.locator(".opblock-body").count())) {
    await box.locator(".opblock-summary-control").click();
  }
  const tryItOut = box.locator(".try-out__btn");
  await tryItOut.waitFor();
  if ((await tryItOut.innerText()) === "Try it out") await tryItOut.click();
  // The answer before this one goes, so that it cannot be taken for the next.
  const clear = box.locator(".btn-clear");
  if (await clear.count()) await clear.click();
  await box.locator("button.execute").click();
  const answer = box.locator(".live-responses-table tbody tr.response");
  await answer.waitFor();
  return {
    status: Number.parseInt(await answer.locator(".response-col_status").innerText(), 10),
    body: JSON.parse(await answer.locator(".highlight-code pre").innerText()),
    headers: await answer.locator(".headerline").allInnerTexts(),
  };
}

async function openDialog(page) {
  await page.locator(".auth-wrapper > button.authorize").click();
  const dialog = page.locator(".dialog-ux .modal-ux");
  await dialog.waitFor();
  return dialog;
}

async function closeDialog(dialog) {
  await dialog.locator(".close-modal").click();
  await dialog.waitFor({ state: "detached" });
}
