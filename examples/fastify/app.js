// Cars, posts and items, guarded by Scopegate's tokens.
import Fastify from "fastify";
import { callerOf, guard } from "scopegate-guard/fastify";

const security = (/** @type {string} */ scope) => ({ security: [{ scopegate: [scope] }] });

/**
 * The application, on an issuer.
 * @param {import("scopegate-guard").Issuer} issuer
 */
export async function garage(issuer) {
  const app = Fastify();
  const posts = new Map([["1", "Hello"], ["2", "World"]]);
  await app.register(guard, { issuer });

  app.get("/health", { schema: { security: [] } }, async () => ({ status: "ok" }));

  // What belongs to whoever calls.
  app.get("/items", { schema: security("items") }, async (request) => ({ owner: callerOf(request).subject }));

  // For tokens about this very car, as `car:7f3a`.
  app.post("/cars/:car/drive", { schema: security("drive") }, async (request, reply) => {
    const { car } = request.params;
    if (callerOf(request).subject !== `car:${car}`) return reply.code(404).send({ detail: "no such car for this token" });
    return { car, state: "driving" };
  });

  // For users, and for tokens about this very post.
  app.patch("/posts/:post", { schema: security("edit") }, async (request, reply) => {
    const { post } = request.params;
    const { kind, id, subject } = callerOf(request);
    if (!posts.has(post) || !(kind === "username" || (kind === "post" && id === post))) {
      return reply.code(404).send({ detail: "no such post for this token" });
    }
    posts.set(post, request.query.text);
    return { post, text: request.query.text, by: subject };
  });

  return app;
}
