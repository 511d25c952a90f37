/** JavaScript in a worker: what it logs is its output, and it has ended when no timer waits any more. */
import type { Fault, Program, Said, Stream } from "../messages";
import { Output } from "./output";

type Scope = Record<string, unknown>;
type Timer = (handler: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => number;

const post = self.postMessage.bind(self) as (message: unknown) => void;
const tell = (said: Said) => post(said);
const output = new Output(tell);
const scope = self as unknown as Scope;
/** What is still to come: the program itself, and its timers. */
const waiting = new Set<number>();
const STREAMS: Record<string, Stream> = {
  log: "out",
  info: "out",
  debug: "out",
  warn: "error",
  error: "error",
};
const own = { setTimeout: self.setTimeout.bind(self), clearTimeout: self.clearTimeout.bind(self) };
const addresses = new Map<string, string>();
let hasEnded = false;

self.onmessage = (event: MessageEvent<{ program: Program } | object>) => {
  if ("program" in event.data) {
    run(event.data.program);
  }
};
tell({ kind: "ready" });

function run(program: Program): void {
  tell({ kind: "begun" });
  const lines = [...program.input];
  for (const [name, stream] of Object.entries(STREAMS)) {
    (console as unknown as Scope)[name] = (...values: unknown[]) =>
      output.write(stream, `${values.map(shown).join(" ")}\n`);
  }
  scope["prompt"] = (question?: string) => {
    const line = lines.shift() ?? null;
    output.write("out", question === undefined ? "" : `${question} `);
    output.write("input", `${line ?? ""}\n`);
    return line;
  };
  scope["alert"] = (text: unknown) => output.write("out", `${shown(text)}\n`);
  wrapTimers();
  self.addEventListener("error", (event) => {
    event.preventDefault();
    end(faultOf(event.error ?? event.message, event.filename, event.lineno));
  });
  self.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    end(faultOf(event.reason));
  });
  for (const text of [contentOf(program), program.after]) {
    if (text !== undefined && !hasEnded) {
      load(text === program.after ? "<check>" : program.filename, text);
    }
  }
  endIfDone();
}

function load(filename: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  addresses.set(address, filename);
  try {
    importScripts(address);
  } catch (error) {
    end(faultOf(error));
  }
}

function contentOf(program: Program): string {
  return program.files.find(({ filename }) => filename === program.filename)?.content ?? "";
}

/** Once nothing waits: promises have their turn before a timer. */
function endIfDone(): void {
  own.setTimeout(() => {
    if (waiting.size === 0) {
      end();
    }
  });
}

function end(fault?: Fault): void {
  if (hasEnded) {
    return;
  }
  hasEnded = true;
  if (fault !== undefined) {
    const place = fault.line === undefined ? "" : ` (${fault.filename}, line ${fault.line})`;
    output.write("error", `${fault.kind}: ${fault.message}${place}\n`);
  }
  output.flush();
  tell({ kind: "ended", fault });
}

function wrapTimers(): void {
  const setOnce = self.setTimeout.bind(self) as Timer;
  const setAgain = self.setInterval.bind(self) as Timer;
  const clear = (id: number) => {
    own.clearTimeout(id);
    waiting.delete(id);
    endIfDone();
  };
  scope["setTimeout"] = ((handler, ms, ...values) => {
    const id = setOnce(() => {
      waiting.delete(id);
      endIfDone();
      handler(...values);
    }, ms);
    waiting.add(id);
    return id;
  }) satisfies Timer;
  scope["setInterval"] = ((handler, ms, ...values) => {
    const id = setAgain(handler, ms, ...values);
    waiting.add(id);
    return id;
  }) satisfies Timer;
  scope["clearTimeout"] = scope["clearInterval"] = clear;
}

/** The line is the first one of the program's own that its stack names. */
function faultOf(error: unknown, address = "", line = 0): Fault {
  const stack = error instanceof Error ? String(error.stack) : "";
  const places = [...stack.matchAll(/(blob:[^\s)]+?):(\d+):\d+/g)];
  const [, where, at] = places.find(([, each]) => addresses.has(each ?? "")) ?? [];
  return {
    kind: error instanceof Error ? error.name : "Error",
    message: error instanceof Error ? error.message : String(error),
    filename: addresses.get(where ?? address),
    line: Number(at ?? line) || undefined,
  };
}

function shown(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  if (value instanceof Error) {
    return `${value.name}: ${value.message}`;
  }
  try {
    // Nothing of it for functions and symbols, and an error for a circle.
    return JSON.stringify(value) ?? named(value);
  } catch {
    return named(value);
  }
}

function named(value: unknown): string {
  return typeof value === "bigint" ? `${value}n` : Object.prototype.toString.call(value);
}
