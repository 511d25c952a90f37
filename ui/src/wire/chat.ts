/**
 * The chat's WebSocket: connects, registers, notices when it is dead, and comes back.
 *
 * A browser answers the server's Pings where no page can see it, so silence alone says nothing here.
 * But every operation is answered: what is asked and not answered in time shows a dead connection.
 * When nothing was asked for a while, `register` is asked again, which also brings the news of who is
 * here.
 */
import { Backoff } from "./backoff";
import type { ChatAsked, ChatSaid, Register } from "./generated";
import type { Link } from "./socket";
import { WAKING_MS } from "./waking";

/** Of a WebSocket, what is needed here. */
export type Wire = Pick<WebSocket, "onopen" | "onmessage" | "onclose" | "send" | "close">;

export interface Ears {
  /** What to register with, asked for each time. */
  greeting: () => Register;
  hear: (said: ChatSaid) => void;
  linkChanged: (link: Link) => void;
}

export const ANSWER_MS = 10_000;
export const QUIET_MS = 60_000;
/** A frame larger than the server takes. */
const TOO_BIG = 1009;

export class ChatConnection {
  link: Link = "connecting";
  /** Whether the last connection was ended because a frame was too large. */
  wasTooBig = false;

  private wire: Wire | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private answer: ReturnType<typeof setTimeout> | undefined;
  private quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly open: () => Wire,
    private readonly ears: Ears,
    private readonly backoff = new Backoff(500, 10_000),
  ) {}

  start(): void {
    if (this.wire === undefined) {
      this.connect();
    }
  }

  /** For good: nothing follows but by `start`. */
  stop(): void {
    this.part();
    clearTimeout(this.again);
    this.tell("ended");
  }

  /** Says an operation; false if there is no connection to say it on. */
  say(asked: ChatAsked): boolean {
    if (this.link !== "open") {
      return false;
    }
    this.send(asked);
    return true;
  }

  /** Asks for the state again. */
  refresh(): boolean {
    return this.say(this.ears.greeting());
  }

  /** The page is looked at again, or the network has come back: do not wait for a timer. */
  wake(): void {
    if (this.link === "open") {
      // Also of what was asked before the page slept.
      clearTimeout(this.answer);
      this.answer = undefined;
      this.expectAnswer(WAKING_MS);
      this.refresh();
    } else if (this.link === "lost") {
      this.connect();
    }
  }

  /** The connection is surely dead, or not worth keeping. */
  drop(): void {
    if (this.wire !== undefined) {
      this.wasTooBig = false;
      this.part();
      this.lose();
    }
  }

  /** Registers again on the same connection, or on a new one, in a while. */
  retryIn(waitMs: number): void {
    this.part();
    this.tell("lost");
    this.connectIn(waitMs);
  }

  private connect(): void {
    this.part();
    clearTimeout(this.again);
    if (this.link !== "lost") {
      this.tell("connecting");
    }
    const wire = this.open();
    this.wire = wire;
    this.expectAnswer(ANSWER_MS);
    wire.onopen = () => this.send(this.ears.greeting());
    wire.onmessage = ({ data }: MessageEvent<string>) => this.heard(data);
    wire.onclose = ({ code }) => {
      this.wasTooBig = code === TOO_BIG;
      this.part();
      this.lose();
    };
  }

  private heard(text: string): void {
    clearTimeout(this.answer);
    this.answer = undefined;
    this.rest();
    const said = JSON.parse(text) as ChatSaid;
    if (said.type === "state" && this.link !== "open") {
      this.backoff.reset();
      this.tell("open");
    }
    this.ears.hear(said);
  }

  private send(asked: ChatAsked): void {
    this.wire?.send(JSON.stringify(asked));
    this.expectAnswer(ANSWER_MS);
  }

  private expectAnswer(withinMs: number): void {
    this.answer ??= setTimeout(() => this.drop(), withinMs);
  }

  private rest(): void {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.refresh(), QUIET_MS);
  }

  private lose(): void {
    this.tell("lost");
    this.connectIn(this.backoff.next());
  }

  private connectIn(waitMs: number): void {
    clearTimeout(this.again);
    this.again = setTimeout(() => this.connect(), waitMs);
  }

  /** Hears no more of the connection. */
  private part(): void {
    clearTimeout(this.answer);
    clearTimeout(this.quiet);
    this.answer = undefined;
    const wire = this.wire;
    this.wire = undefined;
    if (wire !== undefined) {
      wire.onopen = wire.onmessage = wire.onclose = null;
      wire.close();
    }
  }

  private tell(link: Link): void {
    if (link !== this.link) {
      this.link = link;
      this.ears.linkChanged(link);
    }
  }
}

/** The address of the chat's WebSocket on the server that this page came from. */
export function chatAddress(origin: string, path: string): string {
  return origin.replace(/^http/, "ws") + path;
}
