import "./crypto.js";
import { errors, jwtVerify } from "jose";
import { Caller } from "./caller.js";
import { Keys } from "./keys.js";
import { InvalidToken } from "./refused.js";
import { Revocations } from "./revocations.js";

/** How far clocks may differ, in seconds. */
const LEEWAY = 5;

/** The longest token that is looked at. */
const MAX_LENGTH = 16 * 1024;

/** What every access token says. */
const REQUIRED = ["iss", "aud", "sub", "scopes", "client_id", "iat", "exp", "jti"];

/**
 * Verifies the tokens of one issuer for one audience. The issuer need not be up when this is
 * made: until its keys are there, and its revocations where they are followed, requests get 503.
 */
export class Issuer {
  #issuer;
  #audience;
  #keys;
  #revocations;

  /**
   * @param {string} issuer Scopegate's `issuer`.
   * @param {string} audience What tokens for this API have as `aud`.
   * @param {object} [options]
   * @param {{ id: string, secret: string }} [options.client] A client that may ask for
   *   `revocations:read`. With it a token that was revoked is refused within a second; without
   *   it, when it expires.
   * @param {number} [options.maxStaleness] How many seconds the issuer may be silent before
   *   tokens are refused (503), since one of them may have been revoked: 60 by default.
   */
  constructor(issuer, audience, { client, maxStaleness = 60 } = {}) {
    const base = issuer.replace(/\/+$/, "");
    this.#issuer = issuer;
    this.#audience = audience;
    this.#keys = new Keys(base);
    this.#revocations = client && new Revocations(base, client, maxStaleness);
  }

  /**
   * Who calls. Asks the issuer for its keys where it has to.
   * @param {string} token
   * @returns {Promise<Caller>}
   * @throws {InvalidToken | import("./refused.js").Unavailable}
   */
  async authenticate(token) {
    if (token.length > MAX_LENGTH) throw new InvalidToken("the token is too long");
    const caller = new Caller(await this.#verify(token));
    if (this.#revocations?.has(caller.tokenId)) throw new InvalidToken("the token was revoked");
    return caller;
  }

  /** Ends what follows the issuer, so that nothing keeps on asking. */
  close() {
    this.#revocations?.close();
  }

  /** @param {string} token */
  async #verify(token) {
    const options = {
      issuer: this.#issuer,
      audience: this.#audience,
      typ: "at+jwt",
      clockTolerance: LEEWAY,
      requiredClaims: REQUIRED,
    };
    /** @type {import("jose").JWTVerifyGetKey} */
    const key = (header) => this.#keys.of(header);
    try {
      const { payload, protectedHeader } = await jwtVerify(token, key, options);
      if ("b64" in protectedHeader) throw new InvalidToken("the token has an extension that is not understood");
      return claimsOf(payload);
    } catch (error) {
      throw error instanceof errors.JOSEError ? new InvalidToken(reason(error)) : error;
    }
  }
}

/**
 * The claims that count, if they are those of an access token.
 * @param {import("jose").JWTPayload} payload
 */
function claimsOf({ sub, scopes, client_id, jti, iat }) {
  const isText = (/** @type {unknown} */ value) => typeof value === "string";
  if (typeof sub !== "string" || typeof client_id !== "string" || typeof jti !== "string" || !Array.isArray(scopes) || !scopes.every(isText)) {
    throw new InvalidToken("the token's claims are not those of an access token");
  }
  if (Number(iat) > Date.now() / 1000 + LEEWAY) throw new InvalidToken("the token is not valid yet");
  return { sub, client_id, jti, scopes };
}

/**
 * What is wrong, in words for whoever sent the token.
 * @param {import("jose").errors.JOSEError} error
 */
function reason(error) {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    const reasons = {
      aud: "the token is for another audience",
      iss: "the token is of another issuer",
      nbf: "the token is not valid yet",
      typ: "this is not an access token",
    };
    return reasons[/** @type {keyof typeof reasons} */ (error.claim)] ?? `the token has no valid ${error.claim}`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the signature is not valid";
  if (error instanceof errors.JOSEAlgNotAllowed) return "the algorithm is not the one of the token's key";
  return "this is not a JWT that can be verified";
}
