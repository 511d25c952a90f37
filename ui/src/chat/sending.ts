/** Sends what waits, one message after the other; `queue.ts` says why so. */
import type { History } from "./history";
import type { Waiting } from "./model";

export interface Road {
  /** Whether the server has let us in and listens. */
  isOpen: () => boolean;
  /** Names the connection. */
  connection: () => string;
  say: (waiting: Waiting) => boolean;
  history: () => History;
}

export class Sending {
  private isBusy = false;
  private isAskedAgain = false;
  private pausedUntil = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly road: Road,
    private readonly tab: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** Call it whenever something may have changed: it finds out what there is to do. */
  async goOn(): Promise<void> {
    if (this.isBusy) {
      this.isAskedAgain = true;
      return;
    }
    if (this.now() < this.pausedUntil) {
      return;
    }
    this.isBusy = true;
    try {
      do {
        this.isAskedAgain = false;
        while (this.road.isOpen() && (await this.step()));
      } while (this.isAskedAgain as boolean);
    } finally {
      this.isBusy = false;
    }
  }

  /** The server wants nothing more for a while. */
  pause(waitMs: number): void {
    this.pausedUntil = this.now() + waitMs;
    this.goOnIn(waitMs);
  }

  private goOnIn(waitMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.goOn(), waitMs);
  }

  /** Nothing is sent from here for now: another tab may. */
  async rest(): Promise<void> {
    clearTimeout(this.timer);
    await this.road.history().release(this.tab);
  }

  /** Whether there is something else to do at once. */
  private async step(): Promise<boolean> {
    const connection = this.road.connection();
    const claim = await this.road.history().claim({ tab: this.tab, connection, now: this.now() });
    switch (claim.type) {
      case "nothing":
      case "under_way":
        return false;
      case "elsewhere":
        this.goOnIn(claim.until - this.now() + 100);
        return false;
      case "send":
        if (this.road.connection() === connection) {
          this.road.say(claim.waiting);
        }
        return false; // its echo, or its error, says when to go on
    }
  }
}
