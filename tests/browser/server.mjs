// The real binary, serving a database of its own that commands have filled.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BINARY, freePort, listening } from "./demo.mjs";

/**
 * Runs commands, each a list of arguments with perhaps a text for its standard input at its end
 * ({ input }), and serves with settings. Resolves to the origin, what the commands printed, and a
 * function that ends it.
 */
export async function startServer(settings, commands) {
  const home = mkdtempSync(join(tmpdir(), "scopegate-"));
  const env = {
    PATH: process.env.PATH,
    SCOPEGATE_DATABASE_URL: `sqlite:${join(home, "test.db")}`,
    SCOPEGATE_BCRYPT_COST: "10",
    SCOPEGATE_LISTEN: `127.0.0.1:${await freePort()}`,
  };
  const printed = commands.map((command) => {
    const { input } = command.find((argument) => argument.input) ?? {};
    const args = command.filter((argument) => typeof argument === "string");
    const { status, stdout, stderr } = spawnSync(BINARY, args, { cwd: home, env, input });
    if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
    return stdout.toString();
  });
  const server = spawn(BINARY, ["serve", ...settings], {
    cwd: home,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => server.once("close", resolve));
  const stop = async () => {
    server.kill("SIGTERM");
    await ended;
    rmSync(home, { recursive: true });
  };
  try {
    return { origin: await listening(server), printed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
