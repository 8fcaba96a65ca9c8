/** Why a request is turned away (RFC 6750 §3). */
export class Refused extends Error {
  /** The status of the answer. */
  status = 401;

  /**
   * The headers of the answer.
   * @param {string} realm
   * @returns {Record<string, string>}
   */
  headers(realm) {
    return { "www-authenticate": `Bearer realm="${realm}"` };
  }
}

/** No bearer token came along: no error code either (RFC 6750 §3.1). */
export class NoToken extends Refused {
  constructor() {
    super("a bearer token is required");
  }
}

/** The token is expired, revoked, forged, malformed, or for another API. */
export class InvalidToken extends Refused {
  /** @override @param {string} realm */
  headers(realm) {
    const reason = this.message.replace(/[^ !#-[\]-~]/g, "");
    return { "www-authenticate": `Bearer realm="${realm}", error="invalid_token", error_description="${reason}"` };
  }
}

/** The token lacks a scope. */
export class InsufficientScope extends Refused {
  status = 403;

  /** @param {readonly string[]} scopes All that the endpoint needs. */
  constructor(scopes) {
    super(`this needs a token with the scope ${scopes.join(" ")}`);
    this.scopes = scopes;
  }

  /** @override @param {string} realm */
  headers(realm) {
    return { "www-authenticate": `Bearer realm="${realm}", error="insufficient_scope", scope="${this.scopes.join(" ")}"` };
  }
}

/** Tokens cannot be checked at the moment: the issuer has not been heard from. */
export class Unavailable extends Refused {
  status = 503;

  /** @param {string} reason */
  constructor(reason) {
    super(`tokens cannot be checked at the moment: ${reason}`);
  }

  /** @override @returns {Record<string, string>} */
  headers() {
    return { "retry-after": "1" };
  }
}
