/**
 * What was written in a conversation and has not reached the server. It waits in the browser, also
 * over a reload, and goes in order, one at a time, as soon as there is a connection. Each has a key, so
 * that what is sent again because its answer was lost is the same message.
 */
import { keep, kept, forget } from "../wire/kept";
import { newKey } from "./keys";
import { STATUSES, type Status } from "./status";

export interface Waiting {
  readonly key: string;
  /** Whose conversation it belongs to. */
  readonly to: number;
  readonly content: string;
  /** The server does not take it, whenever it is sent. */
  readonly isRefused: boolean;
  /** Statuses of tasks that the message is about, and that go ahead of it. */
  readonly review?: Readonly<Record<string, Status>> | undefined;
}

/** What became of a message that was sent; `lost`: nobody knows. */
export type Fate = "taken" | "lost" | "refused" | { againAfterS: number };

// When nothing says that the connection is back: it was slow, then.
const AGAIN_MS = 5_000;

export class Outbox {
  private waiting: readonly Waiting[] = $state.raw([]);
  private isSending = false;
  /** Somebody asked for it while it was being done. */
  private isWanted = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    /** Where the browser keeps it. */
    private readonly place: string,
    /** Sends one; never fails. */
    private readonly deliver: (waiting: Waiting) => Promise<Fate>,
  ) {
    this.waiting = kept(this.key, asWaiting) ?? [];
  }

  /** What waits in a conversation, in order. */
  of(to: number): Waiting[] {
    return this.waiting.filter((each) => each.to === to);
  }

  add(to: number, content: string, review?: Waiting["review"]): void {
    this.change([...this.waiting, { key: newKey(), to, content, isRefused: false, review }]);
    void this.send();
  }

  /** These have arrived, whatever their answers were. */
  settle(keys: readonly (string | undefined)[]): void {
    if (this.waiting.some(({ key }) => keys.includes(key))) {
      this.change(this.waiting.filter(({ key }) => !keys.includes(key)));
    }
  }

  /** Takes a message back. */
  take(key: string): void {
    this.settle([key]);
  }

  /** Sends what waits. Call it whenever there is a connection. */
  async send(): Promise<void> {
    this.isWanted = true;
    if (this.isSending) {
      return;
    }
    this.isSending = true;
    clearTimeout(this.timer);
    while (this.isWanted) {
      this.isWanted = false;
      await this.sendAll();
    }
    this.isSending = false;
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private async sendAll(): Promise<void> {
    for (let next = this.first(); next !== undefined; next = this.first()) {
      const fate = await this.deliver(next);
      if (fate === "taken") {
        this.settle([next.key]);
      } else if (fate === "refused") {
        this.refuse(next.key);
      } else {
        this.sendAgain(fate === "lost" ? AGAIN_MS : fate.againAfterS * 1_000);
        return;
      }
    }
  }

  private sendAgain(afterMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.send(), afterMs);
  }

  private first(): Waiting | undefined {
    return this.waiting.find(({ isRefused }) => !isRefused);
  }

  private refuse(key: string): void {
    const refused = (each: Waiting) => (each.key === key ? { ...each, isRefused: true } : each);
    this.change(this.waiting.map(refused));
  }

  private change(waiting: readonly Waiting[]): void {
    this.waiting = waiting;
    if (waiting.length === 0) {
      forget(this.key);
    } else {
      keep(this.key, waiting);
    }
  }

  private get key(): string {
    return `outbox/${this.place}`;
  }
}

function asWaiting(value: unknown): Waiting[] | undefined {
  return Array.isArray(value) ? value.filter(isWaiting) : undefined;
}

function isWaiting(value: unknown): value is Waiting {
  const waiting = value as Partial<Waiting> | null;
  return (
    typeof waiting?.key === "string" &&
    typeof waiting.to === "number" &&
    typeof waiting.content === "string" &&
    typeof waiting.isRefused === "boolean" &&
    (waiting.review === undefined || isReview(waiting.review))
  );
}

function isReview(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((status) => STATUSES.includes(status as Status))
  );
}
