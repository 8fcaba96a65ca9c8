import { InsufficientScope, InvalidToken, NoToken } from "./refused.js";

/** @typedef {import("./caller.js").Caller} Caller */

/** @type {WeakMap<object, Caller>} */
const callers = new WeakMap();

/**
 * Lets a request through whose token has all of the scopes, and remembers its caller.
 * @param {import("./issuer.js").Issuer} issuer
 * @param {import("node:http").IncomingMessage} request
 * @param {readonly string[]} scopes
 * @param {object} [owner] What `callerOf` is asked with; the request itself by default.
 * @returns {Promise<Caller>}
 */
export async function admit(issuer, request, scopes, owner = request) {
  const caller = await issuer.authenticate(bearerToken(request));
  if (!scopes.every((scope) => caller.scopes.has(scope))) throw new InsufficientScope(scopes);
  callers.set(owner, caller);
  return caller;
}

/**
 * The caller of a request that was let through.
 * @param {object} request
 * @returns {Caller}
 */
export function callerOf(request) {
  const caller = callers.get(request);
  if (!caller) throw new Error("this request did not pass a guard");
  return caller;
}

/**
 * The token of the one `Authorization: Bearer …` header (RFC 6750 §2.1).
 * @param {import("node:http").IncomingMessage} request
 */
function bearerToken(request) {
  const values = request.rawHeaders.filter((_, index, all) => index % 2 && all[index - 1].toLowerCase() === "authorization");
  if (values.length > 1) throw new InvalidToken("there must be one Authorization header");
  const found = /^bearer +(.+)$/i.exec(values[0] ?? "");
  if (!found) throw new NoToken();
  return found[1];
}
