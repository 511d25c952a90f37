/** The page's end of the frame in which programs run; it can always be taken away. */
import { path } from "../page";
import type { Engine } from "./engine";
import { heard, type Language, type Order, type Program, type Said } from "./messages";

/** A frame that is busy with what a program says is not asked twice. */
const STOP_MS = 150;
/** Longer than any machine needs: what stands in between does not let the frame through. */
const START_MS = 60_000;

type Hears = (said: Said) => void;

export class Sandbox {
  private frame: HTMLIFrameElement | undefined;
  private port: MessagePort | undefined;
  private readonly engines = new Map<Language, Engine>();
  private hears: Hears | undefined;
  private waiting: { done: () => void; failed: (why: Error) => void }[] = [];
  private isReady = false;
  /** What comes until the frame has stopped is of the program before. */
  private isStopping = false;
  /** A program that waits for a frame that starts, or stops: one that does not would take it along. */
  private next: (Order & { kind: "run" }) | undefined;
  private stopTimer: ReturnType<typeof setTimeout> | undefined;

  /** `place` is where the frame is put; nobody sees it. */
  constructor(private readonly place: HTMLElement) {}

  /** Hands an engine over; Python starts an interpreter ahead. */
  equip(engine: Engine): void {
    if (!this.engines.has(engine.kind)) {
      this.engines.set(engine.kind, engine);
      this.order(engine);
    }
  }

  /** Runs a program of an engine that was handed over; `hears` is told all that it says. */
  run(program: Program, hears: Hears, { isFresh = true } = {}): void {
    this.hears = hears;
    this.next = { kind: "run", program, isFresh };
    this.runNext();
  }

  line(text: string): void {
    this.order({ kind: "line", text });
  }

  /** Ends the program at once; it is heard no more. */
  stop(): void {
    this.isStopping = true;
    this.hears = undefined;
    this.next = undefined;
    this.order({ kind: "stop" });
    clearTimeout(this.stopTimer);
    this.stopTimer = setTimeout(() => this.renew(), STOP_MS);
  }

  /** Resolves when an interpreter waits; rejects when there will be none. */
  ready(): Promise<void> {
    if (this.isReady) {
      return Promise.resolve();
    }
    return new Promise((done, failed) => {
      const wait = setTimeout(() => failed(new Error("the frame does not answer")), START_MS);
      this.waiting.push({ done, failed });
      this.waiting.push({ done: () => clearTimeout(wait), failed: () => clearTimeout(wait) });
    });
  }

  close(): void {
    clearTimeout(this.stopTimer);
    this.hears = undefined;
    this.port?.close();
    this.port = undefined;
    this.frame?.remove();
    this.frame = undefined;
  }

  private renew(): void {
    const { hears } = this;
    this.close();
    this.hears = hears;
    this.isReady = false;
    this.isStopping = false;
    for (const engine of this.engines.values()) {
      this.order(engine);
    }
    this.runNext();
  }

  private runNext(): void {
    const { next } = this;
    // A frame that was not given its engine yet would start nothing.
    const isStarting = next?.program.language === "python" && !this.isReady;
    if (next !== undefined && !this.isStopping && !isStarting) {
      this.next = undefined;
      this.order(next);
    }
  }

  private order(order: Order): void {
    this.port ??= this.open();
    this.port.postMessage(order);
  }

  /** What is said before the frame is there waits in the port. */
  private open(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.hidden = true;
    frame.tabIndex = -1;
    frame.title = "run";
    frame.src = path("/run");
    // Its origin is opaque: no other target would be true.
    frame.addEventListener(
      "load",
      () => frame.contentWindow?.postMessage({ kind: "port" }, "*", [port2]),
      { once: true },
    );
    port1.onmessage = (event: MessageEvent<unknown>) => this.hear(heard(event.data));
    this.frame = frame;
    this.place.append(frame);
    return port1;
  }

  private hear(said: Said | undefined): void {
    if (said === undefined) {
      return;
    }
    if (said.kind === "stopped") {
      clearTimeout(this.stopTimer);
      this.isStopping = false;
      this.runNext();
      return;
    }
    if (said.kind === "ready") {
      this.isReady = true;
      this.waiting.splice(0).forEach(({ done }) => done());
      this.runNext();
    } else if (said.kind === "broken") {
      this.waiting.splice(0).forEach(({ failed }) => failed(new Error(said.why)));
    }
    if (!this.isStopping) {
      this.hears?.(said);
    }
  }
}
