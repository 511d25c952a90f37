/**
 * What one of all tabs of a browser does at a time: whoever has the turn.
 *
 * Browsers give locks to secure pages alone. Over plain HTTP every tab has the turn at once, so what is
 * done in it has to bear that.
 */
export type Locks = Pick<LockManager, "request">;

export class Turn {
  private waiting: AbortController | undefined;
  private giveBack: (() => void) | undefined;

  constructor(
    private readonly name: string,
    /** The browser's; undefined on a page that is not secure. */
    private readonly locks: Locks | undefined,
  ) {}

  /** Calls `begin` when the turn is here; it stays until it is given back. */
  take(begin: () => void): void {
    this.give();
    if (this.locks === undefined) {
      begin();
      return;
    }
    const waiting = (this.waiting = new AbortController());
    const { signal } = waiting;
    const until = new Promise<void>((resolve) => (this.giveBack = resolve));
    const hold = (): Promise<void> => {
      if (!signal.aborted) {
        begin();
      }
      return until;
    };
    // It fails only when we stop waiting.
    this.locks.request(this.name, { signal }, hold).catch(() => undefined);
  }

  /** Gives the turn back, or stops waiting for it. */
  give(): void {
    this.giveBack?.();
    this.waiting?.abort();
    this.waiting = this.giveBack = undefined;
  }
}
