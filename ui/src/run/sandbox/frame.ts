/**
 * The frame in which programs run: it keeps the workers, and passes on what they say. Its origin is opaque
 * and its policy refuses every request, so nothing that a program does here reaches the class.
 */
import type { Order, Program, Said } from "../messages";
import type { Start } from "./python";

/** More than a page can show: a program that says so much wants to keep it busy. */
const MESSAGES_PER_S = 40_000;

let port: MessagePort | undefined;
let start: Start | undefined;
let pythonSource = "";
let javascriptSource = "";
let current: Worker | undefined;
/** An interpreter that has started already, for the next program. */
let spare: Worker | undefined;

addEventListener("message", (event) => {
  const [given] = event.ports;
  if (event.source === parent && port === undefined && given !== undefined) {
    port = given;
    port.onmessage = (each: MessageEvent<Order>) => void obey(each.data);
  }
});

const tell = (said: Said) => port?.postMessage(said);

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case "python":
      await prepare(order);
      break;
    case "javascript":
      javascriptSource = order.worker;
      break;
    case "run":
      run(order.program, order.isFresh);
      break;
    case "line":
      current?.postMessage({ line: order.text });
      break;
    case "stop":
      stop();
      tell({ kind: "stopped" });
      keepSpare();
      break;
  }
}

async function prepare({ folder, worker, wasm, library }: Order & { kind: "python" }) {
  try {
    start = { folder, library, module: await WebAssembly.compile(wasm) };
  } catch (error) {
    tell({ kind: "broken", why: String(error) });
    return;
  }
  pythonSource = worker;
  keepSpare();
}

function run(program: Program, isFresh: boolean): void {
  if (isFresh || current === undefined) {
    stop();
    current = program.language === "python" ? (spare ?? python()) : begin(javascriptSource);
    if (program.language === "python") {
      spare = undefined;
    }
  }
  current.postMessage({ program });
}

function stop(): void {
  current?.terminate();
  current = undefined;
}

/** Starts the next interpreter, while somebody reads what this one has said. */
function keepSpare(): void {
  if (start !== undefined) {
    spare ??= python();
  }
}

function python(): Worker {
  const worker = begin(pythonSource);
  worker.postMessage({ start });
  return worker;
}

function begin(source: string): Worker {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address);
  let second = 0;
  let count = 0;
  worker.onmessage = (event: MessageEvent<Said>) => {
    const now = Math.floor(performance.now() / 1000);
    count = now === second ? count + 1 : 1;
    second = now;
    if (count > MESSAGES_PER_S) {
      lose(worker, "it says too much at once");
      return;
    }
    listen(worker, event.data);
  };
  // A program's own errors are told by its worker; this one could not even start.
  worker.onerror = (event) => lose(worker, event.message);
  return worker;
}

function listen(worker: Worker, said: Said): void {
  if (worker === current) {
    tell(said);
    if (said?.kind === "ended") {
      keepSpare();
    }
  } else if (worker === spare && (said?.kind === "ready" || said?.kind === "broken")) {
    tell({ kind: said.kind, why: "why" in said ? said.why : "" });
  }
}

function lose(worker: Worker, why: string): void {
  worker.terminate();
  if (worker === current) {
    current = undefined;
    tell({ kind: "ended", fault: { kind: "Error", message: why } });
    keepSpare();
  } else {
    tell({ kind: "broken", why });
  }
}
