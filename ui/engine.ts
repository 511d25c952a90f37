import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { build, type Plugin } from "vite";

/** What pages import to learn where the engine is: `folder`, and `sizes` of its files in bytes. */
const NAME = "virtual:engine";
/** Ours inside the frame: each a script of its own, for a frame has no modules of this application's. */
const SCRIPTS = ["frame", "web", "python", "javascript"];
/** Of the npm package; its loader becomes part of `python.js`. */
const PYODIDE = ["pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"];
/** As Pyodide is built it takes up to 4 GB of a student's machine. */
const HEAP_MAX = "getHeapMax=()=>4294901760";
const OUR_HEAP_MAX = `getHeapMax=()=>${256 * 1024 * 1024}`;

type Files = Map<string, Buffer>;

/**
 * Leaves what runs programs in `assets/run-<hash>/`, as gzip alone: browsers take brotli by HTTPS only, and
 * one copy of it is most of what this application weighs.
 */
export function engine(): Plugin {
  let files: Promise<Files> | undefined;
  return {
    name: "engine",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    async load(id) {
      if (id !== `\0${NAME}`) {
        return undefined;
      }
      const made = await (files ??= make());
      const folder = `assets/run-${hashOf(made)}/`;
      if (this.meta.watchMode || process.env["VITEST"] === undefined) {
        await Promise.all(
          [...made].map(async ([name, content]) => {
            const source = await promisify(gzip)(content, { level: 9 });
            this.emitFile({ type: "asset", fileName: `${folder}${name}.gz`, source });
          }),
        );
      }
      const sizes = Object.fromEntries([...made].map(([name, { length }]) => [name, length]));
      return `export const folder = ${JSON.stringify(folder)}, sizes = ${JSON.stringify(sizes)};`;
    },
  };
}

async function make(): Promise<Files> {
  const scripts = SCRIPTS.map(async (name) => [`${name}.js`, await script(name)] as const);
  const home = dirname(createRequire(import.meta.url).resolve("pyodide/package.json"));
  const others = PYODIDE.map(async (name) => [name, await readFile(join(home, name))] as const);
  const files: Files = new Map(await Promise.all([...scripts, ...others]));
  files.set("pyodide.asm.mjs", withOurHeap(files.get("pyodide.asm.mjs") ?? Buffer.of()));
  return files;
}

/** One file of `src/run/sandbox` with all that it imports, as a script that is no module. */
async function script(name: string): Promise<Buffer> {
  const built = await build({
    configFile: false,
    logLevel: "warn",
    build: {
      write: false,
      target: "es2022",
      lib: {
        entry: fileURLToPath(new URL(`src/run/sandbox/${name}.ts`, import.meta.url)),
        formats: ["iife"],
        name: "quad",
      },
      // Pyodide's loader has ways for Node.js, which a browser never takes.
      rolldownOptions: { external: [/^node:/, "ws"] },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !("output" in output)) {
    throw new Error(`${name}.ts did not become a script`);
  }
  return Buffer.from(output.output[0].code);
}

function withOurHeap(content: Buffer): Buffer {
  const [before, after, ...more] = content.toString("utf8").split(HEAP_MAX);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`pyodide.asm.mjs has not one "${HEAP_MAX}": its memory would not be bounded`);
  }
  return Buffer.from(before + OUR_HEAP_MAX + after);
}

function hashOf(files: Files): string {
  const hash = createHash("sha256");
  for (const [name, content] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 12);
}
