/**
 * Sends what waits, one message after the other.
 *
 * 1. A message is in the browser's database before it is sent, with a key of its own, and goes from
 *    there in the transaction that keeps its echo. A reload at any point finds one or the other.
 * 2. It is sent on every new connection until its echo has come. For a day the server takes a message
 *    with the same key for the same one, and answers with the echo of the first: so it is neither lost
 *    nor said twice, whatever hangs in a dead connection.
 * 3. A message is sent when those before it are gone from the queue, so they cannot overtake each other.
 * 4. Of all tabs one sends, as far as the browser can tell them apart (`turn.ts`). Where all of them
 *    send, 2 and 3 still hold: the echo of whoever was first takes the message off the one queue.
 *
 * What is left: a message that was saved, whose echo never came, and which this browser repeats after
 * more than a day, is said twice.
 */
import type { Waiting } from "./model";
import type { Turn } from "./turn";

export interface Road {
  /** Says a message; false if there is no connection to say it on. */
  say: (waiting: Waiting) => boolean;
  /** What waits, as all tabs know it. */
  queue: () => Promise<readonly Waiting[]>;
}

export class Sending {
  /** The message that was sent on this connection, and neither confirmed nor declined. */
  underWay: string | undefined;

  private isOurs = false;
  private isBusy = false;
  private isAskedAgain = false;
  private pausedUntil = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly road: Road,
    private readonly turn: Turn,
    private readonly now: () => number = Date.now,
  ) {}

  /** There is a connection. */
  begin(): void {
    this.turn.take(() => {
      this.isOurs = true;
      void this.goOn();
    });
  }

  /** There is none any more, or it is not to be used: another tab may send. */
  rest(): void {
    clearTimeout(this.timer);
    this.isOurs = false;
    this.underWay = undefined;
    this.turn.give();
  }

  /** Call it whenever the queue may have changed. */
  async goOn(): Promise<void> {
    if (this.isBusy) {
      this.isAskedAgain = true;
      return;
    }
    this.isBusy = true;
    try {
      do {
        this.isAskedAgain = false;
        await this.step();
      } while (this.isAskedAgain as boolean);
    } finally {
      this.isBusy = false;
    }
  }

  /** The server has declined this message: should it be tried again, it is sent again. */
  declined(wireKey: string): void {
    if (this.underWay === wireKey) {
      this.underWay = undefined;
    }
  }

  /** The server wants nothing more for a while, and has not saved what is under way. */
  pause(waitMs: number): void {
    this.underWay = undefined;
    this.pausedUntil = this.now() + waitMs;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.goOn(), waitMs);
  }

  private async step(): Promise<void> {
    if (!this.isOurs || this.now() < this.pausedUntil) {
      return;
    }
    const queue = await this.road.queue();
    const first = queue.find((waiting) => waiting.refused === null);
    // The connection may have been lost, and another have begun, while the queue was read.
    const isNext = first !== undefined && first.wireKey !== this.underWay && this.isOurs;
    if (isNext && this.road.say(first)) {
      this.underWay = first.wireKey;
    }
  }
}
