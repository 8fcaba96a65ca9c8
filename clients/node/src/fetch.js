/**
 * Fetches JSON, with a bearer token, or as the answer to a form.
 * @param {string} url
 * @param {{ timeout: number, token?: string, form?: Record<string, string>, signal?: AbortSignal }} options
 * @returns {Promise<any>}
 */
export async function fetchJson(url, { timeout, token, form, signal }) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const patience = AbortSignal.timeout(timeout);
  const giveUp = new AbortController();
  for (const one of [patience, signal]) one?.addEventListener("abort", () => giveUp.abort(one.reason), { once: true });
  const body = form && new URLSearchParams(form);
  const answer = await fetch(url, { method: body ? "POST" : "GET", headers, body, signal: giveUp.signal });
  if (!answer.ok) throw new StatusError(answer.status);
  return answer.json();
}

/** An answer that is not one of success. */
export class StatusError extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`the issuer answered ${status}`);
    this.status = status;
  }
}
