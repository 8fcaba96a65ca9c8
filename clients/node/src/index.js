/**
 * Verify Scopegate's tokens in your own API, without a question to Scopegate for each request.
 * `scopegate-guard/fastify` and `scopegate-guard/express` put an issuer before endpoints.
 */
export { admit, callerOf } from "./admit.js";
export { Caller } from "./caller.js";
export { Issuer } from "./issuer.js";
export { InsufficientScope, InvalidToken, NoToken, Refused, Unavailable } from "./refused.js";
