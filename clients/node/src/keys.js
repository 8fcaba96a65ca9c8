import { importJWK } from "jose";
import { fetchJson } from "./fetch.js";
import { InvalidToken, Unavailable } from "./refused.js";

/** For how long keys are taken as they are, and how often they are asked for at most, in ms. */
const FRESH = 300_000;
const PAUSE = 10_000;

/** For how long keys are used that cannot be asked for anew, in ms. */
const STALE = 3_600_000;

/** How long the issuer may take to answer, in ms. */
const TIMEOUT = 5_000;

/** @typedef {{ algorithm: string, key: CryptoKey | Uint8Array }} Key */

/** The issuer's keys, by `kid`, each with the one algorithm that its tokens have. */
export class Keys {
  #url;
  /** @type {Map<string, Key>} */
  #keys = new Map();
  #fetched = -Infinity;
  #tried = -Infinity;
  /** @type {Promise<void> | undefined} */
  #fetching;

  /** @param {string} base */
  constructor(base) {
    this.#url = `${base}/.well-known/jwks.json`;
  }

  /**
   * The key that a token's header names.
   * @param {import("jose").JWTHeaderParameters} header
   */
  async of({ kid, alg }) {
    if (typeof kid !== "string") throw new InvalidToken("the token does not name its key");
    if (!this.#keys.has(kid)) await this.#fetch();
    // Keys that are merely old serve until the new ones have come.
    else if (performance.now() > this.#fetched + FRESH) this.#fetch();
    if (performance.now() > this.#fetched + STALE) throw new Unavailable("the issuer's keys cannot be had");
    const found = this.#keys.get(kid);
    if (!found) throw new InvalidToken("the token's key is not one of the issuer's");
    if (found.algorithm !== alg) throw new InvalidToken("the algorithm is not the one of the token's key");
    return found.key;
  }

  /** Asks for the keys, once for all who wait; keeps those that there are where that fails. */
  async #fetch() {
    if (!this.#fetching && performance.now() > this.#tried + PAUSE) {
      const done = () => {
        this.#tried = performance.now();
        this.#fetching = undefined;
      };
      this.#fetching = this.#read().catch(() => {}).finally(done);
    }
    await this.#fetching;
  }

  async #read() {
    const { keys } = await fetchJson(this.#url, { timeout: TIMEOUT });
    /** @type {Map<string, Key>} */
    const read = new Map();
    for (const jwk of keys) {
      const algorithm = { EC: "ES256", OKP: "EdDSA", RSA: "RS256" }[/** @type {"EC"} */ (jwk.kty)];
      if (!algorithm || typeof jwk.kid !== "string" || (jwk.use ?? "sig") !== "sig") continue;
      read.set(jwk.kid, { algorithm, key: await importJWK(jwk, algorithm) });
    }
    this.#keys = read;
    this.#fetched = performance.now();
  }
}
