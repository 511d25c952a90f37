/** Asks again and again while the page is seen; after a failure later, and more rarely each time. */
import { Backoff } from "../wire/backoff";
import { watchWaking } from "../wire/waking";

export interface Watched {
  readonly isHidden: boolean;
  onChange(changed: () => void): () => void;
}

export const PAGE: Watched = {
  get isHidden() {
    return document.hidden;
  },
  onChange(changed) {
    const deaf = new AbortController();
    const hidden = (): void => {
      if (document.hidden) {
        changed();
      }
    };
    document.addEventListener("visibilitychange", hidden, { signal: deaf.signal });
    watchWaking(changed, deaf.signal);
    return () => deaf.abort();
  },
};

export class Poll {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isRunning = false;
  private isAsking = false;
  private isWanted = false;
  private unwatch: (() => void) | undefined;

  /** `work` returns whether it succeeded. */
  constructor(
    private readonly work: () => Promise<boolean>,
    private readonly everyMs: number,
    private readonly page: Watched = PAGE,
    private readonly backoff = new Backoff(1_000, 15_000),
  ) {}

  start(): void {
    if (!this.isRunning) {
      this.isRunning = true;
      this.unwatch = this.page.onChange(() => this.now());
      this.now();
    }
  }

  stop(): void {
    this.isRunning = false;
    this.unwatch?.();
    clearTimeout(this.timer);
  }

  /** At once, or as soon as what is on its way has come: it may be older than the caller's wish. */
  now(): void {
    if (!this.isRunning || this.page.isHidden) {
      clearTimeout(this.timer);
    } else if (this.isAsking) {
      this.isWanted = true;
    } else {
      void this.ask();
    }
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    this.isAsking = true;
    this.isWanted = false;
    const began = performance.now();
    const isDone = await this.work();
    this.isAsking = false;
    if (isDone) {
      this.backoff.reset();
    }
    if (this.isWanted) {
      this.now();
    } else if (this.isRunning && !this.page.isHidden) {
      const waitMs = isDone
        ? Math.max(0, this.everyMs - (performance.now() - began))
        : Math.max(this.everyMs, this.backoff.next());
      this.timer = setTimeout(() => this.now(), waitMs);
    }
  }
}
