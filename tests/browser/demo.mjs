// The real binary, serving `scopegate demo`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const BINARY =
  process.env.SCOPEGATE_BINARY ??
  fileURLToPath(new URL("../../target/debug/scopegate", import.meta.url));
const START_LIMIT_MS = 30_000;

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a demo with more settings and resolves to its origin and a function that ends it. */
export async function startDemo(port = 0, settings = [], env = {}) {
  const server = spawn(BINARY, ["demo", "--listen", `127.0.0.1:${port}`, ...settings], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, ...env },
  });
  const ended = new Promise((resolve) => server.once("close", resolve));
  const stop = () => {
    server.kill("SIGTERM");
    return ended;
  };
  try {
    return { origin: await listening(server), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves to where a server says that it listens. */
export function listening(server) {
  return new Promise((resolve, reject) => {
    const output = [];
    const fail = (why) => reject(new Error([why, ...output].join("\n")));
    const timer = setTimeout(() => fail("it does not say where it listens"), START_LIMIT_MS);
    server.once("error", (error) => fail(`${BINARY}: ${error.message}`));
    server.once("close", (code) => fail(`it ended with ${code}`));
    for (const stream of [server.stdout, server.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        output.push(line);
        const origin = line.match(/listening on (http:\/\/\S+)/)?.[1];
        if (origin) {
          clearTimeout(timer);
          resolve(origin);
        }
      });
    }
  });
}
