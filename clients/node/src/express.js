import { admit, callerOf } from "./admit.js";
import { Refused } from "./refused.js";

export { callerOf };

/**
 * Middleware that lets only requests through whose token has all of the scopes. The handler
 * finds the caller by `callerOf(request)`.
 * @param {import("./issuer.js").Issuer} issuer
 * @param {string | readonly string[]} scopes
 * @param {{ realm?: string }} [options]
 * @returns {import("express").RequestHandler}
 */
export function guard(issuer, scopes, { realm = "api" } = {}) {
  const needed = [scopes].flat();
  return async (request, response, next) => {
    try {
      await admit(issuer, request, needed);
    } catch (error) {
      if (!(error instanceof Refused)) return next(error);
      response.status(error.status).set(error.headers(realm)).json({ detail: error.message });
      return;
    }
    next();
  };
}
