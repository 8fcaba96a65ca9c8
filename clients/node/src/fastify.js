import { admit, callerOf } from "./admit.js";
import { Refused } from "./refused.js";

export { callerOf };

/**
 * A plugin that enforces what each route declares as `schema.security`, as OpenAPI writes it:
 * `[{ scopegate: ["items"] }]`. A route that is registered behind it and declares nothing does
 * not start; `security: []` says that it is open. Of several requirements one must hold. The
 * handler finds the caller by `callerOf(request)`.
 * @param {import("fastify").FastifyInstance} fastify
 * @param {{ issuer: import("./issuer.js").Issuer, realm?: string }} options
 */
export async function guard(fastify, { issuer, realm = "api" }) {
  fastify.addHook("onRoute", (route) => {
    const ways = waysOf(route);
    if (ways.length === 0) return;
    const check = async (/** @type {import("fastify").FastifyRequest} */ request, /** @type {import("fastify").FastifyReply} */ reply) => {
      try {
        await admitOneOf(issuer, request, ways);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return reply.code(error.status).headers(error.headers(realm)).send({ detail: error.message });
      }
    };
    // Before whatever else the route does with the request.
    route.onRequest = [check, ...[route.onRequest ?? []].flat()];
  });
}

// For the routes beside it, and not for its own alone.
Object.assign(guard, { [Symbol.for("skip-override")]: true });

/**
 * The lists of scopes of which a route needs one; none where it is open.
 * @param {import("fastify").RouteOptions} route
 * @returns {string[][]}
 */
function waysOf({ method, url, schema }) {
  /** @type {Record<string, string[]>[] | undefined} */
  const security = /** @type {any} */ (schema)?.security;
  if (!security) throw new Error(`${method} ${url} declares no security: name its scopes, or say that it is open by \`security: []\``);
  if (security.some((way) => Object.keys(way).length !== 1)) {
    throw new Error(`${method} ${url}: each requirement must name one scheme`);
  }
  return security.map((way) => Object.values(way)[0]);
}

/**
 * @param {import("./issuer.js").Issuer} issuer
 * @param {import("fastify").FastifyRequest} request
 * @param {string[][]} ways
 */
async function admitOneOf(issuer, request, ways) {
  const [first, ...others] = ways;
  try {
    return await admit(issuer, request.raw, first, request);
  } catch (error) {
    for (const way of others) {
      const caller = await admit(issuer, request.raw, way, request).catch(() => undefined);
      if (caller) return caller;
    }
    throw error;
  }
}
