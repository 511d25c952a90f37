/** What runs programs, as the page fetches it for the frame: once, and the browser keeps it for ever. */
import { folder, sizes } from "virtual:engine";
import { path } from "../page";
import type { Language, Order } from "./messages";

export type Engine = Extract<Order, { kind: Language }>;

const PYTHON = ["python.js", "pyodide.asm.wasm", "python_stdlib.zip"] as const;
/** A browser gets it with the import inside the worker; by then it should be there. */
const IMPORTED = "pyodide.asm.mjs";

const loading = new Map<Language, Promise<Engine>>();

/** Fetches an engine, unless that was done; `arrived` hears which part of it is there, from 0 to 1. */
export function load(language: Language, arrived: (part: number) => void): Promise<Engine> {
  let engine = loading.get(language);
  if (engine === undefined) {
    engine = language === "python" ? loadPython(arrived) : loadJavaScript();
    loading.set(language, engine);
    engine.catch(() => loading.delete(language));
  }
  return engine;
}

async function loadPython(arrived: (part: number) => void): Promise<Engine> {
  const names = [...PYTHON, IMPORTED];
  const all = names.reduce((sum, name) => sum + (sizes[name] ?? 0), 0);
  let bytes = 0;
  const count = (more: number) => arrived(Math.min(1, (bytes += more) / all));
  const [worker, wasm, library] = await Promise.all(names.map((name) => fetched(name, count)));
  if (worker === undefined || wasm === undefined || library === undefined) {
    throw new Error("the engine is not whole");
  }
  const text = new TextDecoder().decode(worker);
  return { kind: "python", folder: addressOf(""), worker: text, wasm, library };
}

async function loadJavaScript(): Promise<Engine> {
  const worker = new TextDecoder().decode(await fetched("javascript.js", () => undefined));
  return { kind: "javascript", worker };
}

async function fetched(name: string, count: (bytes: number) => void): Promise<ArrayBuffer> {
  const answer = await fetch(addressOf(name));
  if (!answer.ok || answer.body === null) {
    throw new Error(`${name}: ${answer.status}`);
  }
  const content = new Uint8Array(sizes[name] ?? 0);
  const reader = answer.body.getReader();
  let at = 0;
  for (let part = await reader.read(); part.value; part = await reader.read()) {
    content.set(part.value, at);
    at += part.value.length;
    count(part.value.length);
  }
  if (at !== content.length) {
    throw new Error(`${name}: ${at} of ${content.length} bytes`);
  }
  return content.buffer;
}

function addressOf(name: string): string {
  return new URL(path(`/app/${folder}${name}`), location.origin).href;
}
