/** Who calls, as a verified token says. */
export class Caller {
  /** @param {{ sub: string, scopes: string[], client_id: string, jti: string }} claims */
  constructor(claims) {
    /** Whom the token is about: `username:johndoe`, `client:billing`, `car:7f3a`. */
    this.subject = claims.sub;
    /** What it may do. @type {ReadonlySet<string>} */
    this.scopes = new Set(claims.scopes);
    /** The client that it was issued to. */
    this.clientId = claims.client_id;
    /** Its `jti`. */
    this.tokenId = claims.jti;
  }

  /** The kind of its subject: `username`, `client`, `car`. */
  get kind() {
    return this.subject.slice(0, this.subject.indexOf(":"));
  }

  /** Its subject without the kind: `johndoe`, `7f3a`. */
  get id() {
    return this.subject.slice(this.subject.indexOf(":") + 1);
  }
}
