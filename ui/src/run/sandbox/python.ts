/**
 * A Python interpreter in a worker. It runs what it is told and has no way to anything else: its `fetch` is
 * answered from what the page has handed over, and the frame's policy refuses everything that is not.
 */
import { loadPyodide, type Python } from "pyodide";
import type { Program, Said, Stream } from "../messages";
import { Output } from "./output";
import running from "./running.py?raw";
import turtle from "./turtle.py?raw";

export interface Start {
  readonly folder: string;
  readonly module: WebAssembly.Module;
  readonly library: ArrayBuffer;
}

type Order = { start: Start } | { program: Program } | { line: string };

const HOME = "/home/student";
const PACKAGES = "/lib/python3.14/site-packages";

// Kept before a program can put something else in its place.
const post = self.postMessage.bind(self) as (message: unknown) => void;
const tell = (said: Said) => post(said);

let python: Promise<Python> | undefined;
let given: ((line: string) => void) | undefined;

self.onmessage = (event: MessageEvent<Order>) => {
  const order = event.data;
  if ("start" in order) {
    python = begin(order.start);
    python.then(
      () => tell({ kind: "ready" }),
      (error: unknown) => tell({ kind: "broken", why: String(error) }),
    );
  } else if ("program" in order) {
    void python?.then((each) => run(each, order.program));
  } else {
    given?.(order.line);
  }
};

async function begin({ folder, module, library }: Start): Promise<Python> {
  const fetch = self.fetch.bind(self);
  self.fetch = () => Promise.resolve(new Response(library));
  // It asks for this one, too. Compiled once, in the frame, for all interpreters.
  WebAssembly.instantiateStreaming = async (_source, imports) => ({
    module,
    instance: await WebAssembly.instantiate(module, imports),
  });
  const loaded = await loadPyodide({
    indexURL: folder,
    lockFileContents: EMPTY_LOCK,
    env: { HOME },
    checkAPIVersion: true,
  });
  self.fetch = fetch;
  loaded.registerJsModule("_quad_screen", {
    draw: (shape: string) => post({ kind: "drew", shape: JSON.parse(shape) as unknown }),
  });
  loaded.FS.writeFile(`${PACKAGES}/_quad_running.py`, running);
  loaded.FS.writeFile(`${PACKAGES}/turtle.py`, turtle);
  loaded.pyimport("_quad_running");
  loaded.runPython(
    "import sys\nfor each in (sys.stdout, sys.stderr):\n    each.reconfigure(line_buffering=True)",
  );
  return loaded;
}

async function run(loaded: Python, program: Program): Promise<void> {
  const output = new Output(tell);
  tell({ kind: "begun" });
  loaded.setStdout(sink(output, "out"));
  loaded.setStderr(sink(output, "error"));
  const ours = loaded.pyimport("_quad_running");
  const { filename, after } = program;
  const files = Object.fromEntries(program.files.map((file) => [file.filename, file.content]));
  const echo = (line: string) => program.isInteractive && output.write("input", line);
  const ask = () => {
    output.flush();
    tell({ kind: "asks" });
    return new Promise<string>((resolve) => (given = resolve));
  };
  const told = JSON.stringify({ filename, files, after });
  const lines = JSON.stringify(program.input);
  try {
    const call = ours["run_with"];
    const values = [HOME, told, lines, echo, program.isInteractive ? ask : undefined];
    const fault = await ("Suspending" in WebAssembly
      ? call?.callPromising(...values)
      : call?.(...values));
    output.flush();
    tell({ kind: "ended", fault: (JSON.parse(String(fault)) ?? undefined) as never });
  } catch (error) {
    output.flush();
    tell({ kind: "ended", fault: { kind: "Error", message: String(error) } });
  }
}

function sink(output: Output, stream: Stream) {
  const decoder = new TextDecoder();
  return {
    isatty: false,
    write(bytes: Uint8Array): number {
      output.write(stream, decoder.decode(bytes, { stream: true }));
      return bytes.length;
    },
  };
}

/** There are no packages to load, but Pyodide compares what they were built for with itself. */
const EMPTY_LOCK = {
  info: { arch: "wasm32", platform: "emscripten_5_0_3", abi_version: "2026_0", python: "3.14.2" },
  packages: {},
};
