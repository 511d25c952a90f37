/**
 * What the page calls a WebSocket, before a server that says what the real one has said.
 * Everything above it is what browsers run. For tests only.
 *
 * Nothing is said by itself: a test performs what was recorded, and what is asked in it is answered when
 * the page asks it. The network can fail in the ways that networks do.
 */
import { vi } from "vitest";

export type Said = readonly [event: string, payload: unknown];
export type Frame = { asked: Said } | Heard;
export type Heard = { told: Said } | { answered: readonly unknown[] } | { ended: true };

const HANDSHAKE = {
  upgrades: [],
  pingInterval: 25_000,
  pingTimeout: 20_000,
  maxPayload: 1_000_000,
};

const networks: Network[] = [];

export class Network {
  /** Whether whoever wants to connect is refused. */
  isDown = false;
  /** What was asked that nobody asked who was recorded. */
  readonly unexpected: Said[] = [];
  readonly lines: Line[] = [];
  private rest: Frame[] = [];

  /** From now on what the page opens leads here. */
  constructor() {
    networks.push(this);
  }

  /** The last one that was opened. */
  get line(): Line {
    const line = this.lines.at(-1);
    if (line === undefined) {
      throw new Error("nothing was opened");
    }
    return line;
  }

  /** What was asked then and not by the page. */
  get notAsked(): Said[] {
    return this.rest.flatMap((frame) => ("asked" in frame ? [frame.asked] : []));
  }

  /** This happens now, one after the other; questions in it wait for the page to ask. */
  async perform(frames: readonly Frame[]): Promise<void> {
    this.rest.push(...frames);
    this.tell();
    await moment();
  }

  /** The connection carries nothing more, and nobody is told. */
  swallow(): void {
    this.line.isDead = true;
  }

  /** The server is gone, and says nothing; the system tells the page. */
  async cut(): Promise<void> {
    this.isDown = true;
    this.line.end();
    await moment();
  }

  asked(number: string, question: Said): void {
    const at = this.rest.findIndex((frame) => "asked" in frame && isSame(frame.asked, question));
    if (at < 0) {
      this.unexpected.push(question);
      return;
    }
    this.rest.splice(at, 1);
    this.tell(number, at);
  }

  /** Says what comes next, up to the next question. */
  private tell(number = "", at = 0): void {
    const next = this.rest.findIndex((frame, index) => index >= at && "asked" in frame);
    const frames = this.rest.splice(at, (next < 0 ? this.rest.length : next) - at);
    for (const frame of frames) {
      if (!("asked" in frame)) {
        this.line.say(packetOf(frame, number));
      }
    }
  }
}

/** One WebSocket. */
class Line {
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((close: { code: number; reason: string }) => void) | null = null;
  onerror: ((error: unknown) => void) | null = null;
  binaryType = "blob";
  /** Whether what goes in comes out nowhere. */
  isDead = false;
  private pinging: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly network: Network) {
    network.lines.push(this);
    setTimeout(() => (network.isDown ? this.end() : this.open()));
  }

  send(text: string): void {
    // The page hears the answer later than it asks, as everywhere.
    queueMicrotask(() => this.isDead || this.hear(text));
  }

  close(): void {
    this.end();
  }

  say(text: string): void {
    if (!this.isDead) {
      this.onmessage?.({ data: text });
    }
  }

  end(): void {
    this.isDead = true;
    clearInterval(this.pinging);
    this.onclose?.({ code: 1006, reason: "" });
  }

  private open(): void {
    this.onopen?.();
    this.say(`0${JSON.stringify({ sid: `line-${this.network.lines.length}`, ...HANDSHAKE })}`);
    this.pinging = setInterval(() => this.say("2"), HANDSHAKE.pingInterval);
  }

  private hear(text: string): void {
    const [, number = "", said = ""] = /^42(\d*)(\[.*)$/s.exec(text) ?? [];
    if (text === "40") {
      this.say('40{"sid":"here"}');
    } else if (text === "40/here,") {
      this.say('44/here,{"message":"Invalid namespace"}');
    } else if (said !== "") {
      this.network.asked(number, JSON.parse(said) as Said);
    }
  }
}

// The client keeps what it finds when it is loaded: import this before any page.
globalThis.WebSocket = class extends Line {
  constructor() {
    const current = networks.at(-1);
    if (current === undefined) {
      throw new Error("there is no network");
    }
    super(current);
  }
} as unknown as typeof WebSocket;

/** Nobody answers requests: where a WebSocket cannot be had, polling cannot either. */
class NoRequest {
  readyState = 0;
  status = 0;
  onreadystatechange: (() => void) | null = null;

  open(): void {}
  setRequestHeader(): void {}
  abort(): void {}

  send(): void {
    setTimeout(() => {
      this.readyState = 4;
      this.onreadystatechange?.();
    });
  }
}
globalThis.XMLHttpRequest = NoRequest as unknown as typeof XMLHttpRequest;

/** Longer than any page waits before it tries again. */
export async function untilTriedAgain(): Promise<void> {
  await vi.advanceTimersByTimeAsync(40_000);
}

/** Until the page has done what follows from what it heard, for which it waits for no time. */
export async function moment(): Promise<void> {
  await vi.advanceTimersByTimeAsync(300);
}

/** A frame as the wire has it. */
function packetOf(frame: Heard, number: string): string {
  if ("told" in frame) {
    return `42${JSON.stringify(frame.told)}`;
  }
  return "answered" in frame ? `43${number}${JSON.stringify(frame.answered)}` : "41";
}

/** Keys are the page's own. */
function isSame([event, payload]: Said, [other, given]: Said): boolean {
  const withoutKey = (value: unknown) =>
    JSON.stringify(value, (key, part: unknown) => (key === "key" ? undefined : part));
  return event === other && withoutKey(payload) === withoutKey(given);
}
