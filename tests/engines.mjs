// Whether the packages that are locked run on Debian 12, whose npm is older than most: elsewhere
// nothing would say so. `engine-strict` asks for this of the folders that have it.
import { existsSync, readFileSync } from "node:fs";

import semver from "semver";

const DEBIAN = { node: "18.20.4", npm: "9.2.0" };
const root = new URL("../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");

let unfit = 0;
for (const folder of ["tests", "clients/node", "examples/fastify", "examples/mcp"]) {
  const settings = `${folder}/.npmrc`;
  if (!existsSync(new URL(settings, root)) || !read(settings).includes("engine-strict=true")) {
    continue;
  }
  const { packages } = JSON.parse(read(`${folder}/package-lock.json`));
  for (const [name, { engines = {} }] of Object.entries(packages)) {
    for (const [tool, version] of Object.entries(DEBIAN)) {
      if (engines[tool] && !semver.satisfies(version, engines[tool])) {
        console.error(`${folder}: ${name} needs ${tool} ${engines[tool]}; Debian 12 has ${version}`);
        unfit += 1;
      }
    }
  }
}
process.exit(unfit ? 1 : 0);
