import { setTimeout as sleep } from "node:timers/promises";
import { StatusError, fetchJson } from "./fetch.js";
import { Unavailable } from "./refused.js";

/** How long the issuer holds a question for which there is no news, in seconds. */
const WAIT = 20;

/** How long it may take to answer beyond that, in ms. */
const TIMEOUT = 10_000;

/** How long to wait after a question that failed, in ms. */
const PAUSE = 1_000;

/** For how many seconds behind its `exp` a revoked token is remembered. */
const LEEWAY = 300;

/** The ids of the tokens that were revoked and have not expired. */
export class Revocations {
  #base;
  #client;
  #maxStaleness;
  /** @type {Map<string, number>} */
  #expiries = new Map();
  #heard = -Infinity;
  #end = new AbortController();
  #isFollowing = false;

  /**
   * @param {string} base
   * @param {{ id: string, secret: string }} client
   * @param {number} maxStaleness
   */
  constructor(base, client, maxStaleness) {
    this.#base = base;
    this.#client = client;
    this.#maxStaleness = maxStaleness * 1000;
  }

  /**
   * Whether a token was revoked.
   * @param {string} tokenId
   */
  has(tokenId) {
    if (!this.#isFollowing) {
      this.#isFollowing = true;
      this.#follow();
    }
    if (performance.now() > this.#heard + this.#maxStaleness) {
      throw new Unavailable("the issuer does not say what was revoked");
    }
    return this.#expiries.has(tokenId);
  }

  close() {
    this.#end.abort();
  }

  async #follow() {
    /** @type {string | undefined} */
    let token;
    /** @type {number | undefined} */
    let since;
    while (!this.#end.signal.aborted) {
      try {
        token ??= await this.#logIn();
        since = await this.#ask(token, since);
      } catch (error) {
        if (this.#end.signal.aborted) return;
        // The token has expired, or the client was changed.
        if (error instanceof StatusError) token = undefined;
        process.emitWarning(`revocations of ${this.#base}: ${error instanceof Error ? error.message : error}`, "ScopegateWarning");
        await sleep(PAUSE, undefined, { signal: this.#end.signal }).catch(() => {});
      }
    }
  }

  async #logIn() {
    const form = {
      grant_type: "client_credentials",
      client_id: this.#client.id,
      client_secret: this.#client.secret,
      scope: "revocations:read",
    };
    const answer = await fetchJson(`${this.#base}/token`, { timeout: TIMEOUT, form, signal: this.#end.signal });
    return String(answer.access_token);
  }

  /**
   * Learns what is new behind a number, and gives the number to ask behind next.
   * @param {string} token
   * @param {number | undefined} since
   */
  async #ask(token, since) {
    // What there is already comes page by page; only then is there anything to wait for.
    const hasHeard = this.#heard > -Infinity;
    const wait = hasHeard ? WAIT : 0;
    const query = since === undefined ? "" : `?since=${since}&wait_seconds=${wait}`;
    const options = { timeout: wait * 1000 + TIMEOUT, token, signal: this.#end.signal };
    const answer = await fetchJson(`${this.#base}/revocations${query}`, options);
    /** @type {{ jti: string, exp: number }[]} */
    const told = answer.revocations;
    if (hasHeard || told.every(({ jti }) => this.#expiries.has(jti))) this.#heard = performance.now();
    for (const { jti, exp } of told) this.#expiries.set(jti, exp);
    const past = Date.now() / 1000 - LEEWAY;
    for (const [jti, exp] of this.#expiries) if (exp < past) this.#expiries.delete(jti);
    return Number(answer.next);
  }
}
