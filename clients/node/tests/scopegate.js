// A Scopegate with a database of its own.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const BINARY = resolve(process.env.SCOPEGATE_BINARY);

export class Scopegate {
  static async create() {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address();
    listener.close();
    return new Scopegate(port);
  }

  constructor(port) {
    this.home = mkdtempSync(join(tmpdir(), "scopegate-"));
    this.env = { SCOPEGATE_LISTEN: `127.0.0.1:${port}`, SCOPEGATE_BCRYPT_COST: "10" };
    this.issuer = `http://127.0.0.1:${port}`;
    for (const scope of ["items", "edit", "drive"]) this.run("scope", "add", scope);
    this.run("subject-kind", "add", "car", "--scope", "drive");
    this.run("subject-kind", "add", "post", "--scope", "edit");
    const args = ["client", "add", "garage", "--grant", "client_credentials", "--scope", "revocations:read", "--json"];
    this.client = { id: "garage", secret: JSON.parse(this.run(...args)).client_secret };
  }

  run(...args) {
    return execFileSync(BINARY, args, { cwd: this.home, env: this.env, encoding: "utf8" });
  }

  async start() {
    this.process = spawn(BINARY, ["serve"], { cwd: this.home, env: this.env, stdio: ["ignore", "pipe", "ignore"] });
    for await (const line of createInterface({ input: this.process.stdout })) if (line.includes("listening on")) return;
    throw new Error("the server did not start");
  }

  async stop() {
    if (!this.process) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGKILL");
    this.process = undefined;
    await ended;
  }

  async remove() {
    await this.stop();
    rmSync(this.home, { recursive: true });
  }

  mint(subject, scope, ...more) {
    return this.run("token", "mint", "--subject", subject, "--scope", scope, ...more).trim();
  }

  revoke(token) {
    const { jti } = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
    this.run("token", "revoke", jti);
  }
}
