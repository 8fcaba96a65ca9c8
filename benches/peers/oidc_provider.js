// oidc-provider with its store in memory, tokens as it makes them by default (which are opaque), and
// the client `api`. It prints refresh tokens, which
// it would give after a login and a consent in a browser.
//
//     node oidc_provider.js PORT SECRET REFRESH_TOKENS

import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

// The adapter that comes along forgets all but the last thousand.
class Memory {
  static stored = new Map();
  static grants = new Map();

  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload) {
    const key = `${this.model}:${id}`;
    Memory.stored.set(key, payload);
    if (!payload.grantId || this.model === "Grant") return;
    if (!Memory.grants.has(payload.grantId)) Memory.grants.set(payload.grantId, []);
    Memory.grants.get(payload.grantId).push(key);
  }

  async find(id) {
    return Memory.stored.get(`${this.model}:${id}`);
  }

  async consume(id) {
    Memory.stored.get(`${this.model}:${id}`).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    Memory.stored.delete(`${this.model}:${id}`);
  }

  async revokeByGrantId(grantId) {
    for (const key of Memory.grants.get(grantId) ?? []) Memory.stored.delete(key);
  }
}

const [port, secret, wanted] = process.argv.slice(2);
const signing = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Memory,
  clients: [{
    client_id: "api",
    client_secret: secret,
    grant_types: ["client_credentials", "refresh_token", "authorization_code"],
    redirect_uris: ["https://app.example.com/callback"],
    id_token_signed_response_alg: "ES256",
  }],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: { enabled: false },
  },
  findAccount: (context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  jwks: { keys: [{ ...signing, use: "sig", alg: "ES256" }] },
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, ClientCredentials: 3600, Grant: 86_400, IdToken: 3600, RefreshToken: 86_400 },
});
provider.listen(Number(port), "127.0.0.1");

const client = await provider.Client.find("api");
for (let number = 0; number < Number(wanted); number++) {
  const grant = new provider.Grant({ accountId: "ada", clientId: "api" });
  grant.addOIDCScope("openid offline_access");
  const grantId = await grant.save();
  const token = new provider.RefreshToken({
    accountId: "ada", client, grantId, gty: "authorization_code", scope: "openid offline_access",
  });
  console.log(await token.save());
}
console.log();
