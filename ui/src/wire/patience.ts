/**
 * How long to wait for answers by HTTP. A path that died while the page slept answers nothing: what was
 * asked before it woke, and what is asked right after, may take less.
 */
import { WAKING_MS } from "./waking";

/** For so long after waking nobody knows whether the path is alive. */
const DOUBT_MS = WAKING_MS;

export class Patience {
  private readonly waiting = new Set<(withinMs: number) => void>();
  private wokeAt = -Infinity;

  constructor(
    private readonly answerMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The page may have slept. */
  woke(): void {
    this.wokeAt = this.now();
    this.waiting.forEach((limit) => limit(WAKING_MS));
  }

  /** Asks; the signal is for what must end when it has taken too long. */
  async during<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = (withinMs: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => over.abort(), withinMs);
    };
    limit(this.now() - this.wokeAt < DOUBT_MS ? WAKING_MS : this.answerMs);
    this.waiting.add(limit);
    try {
      return await ask(over.signal);
    } finally {
      clearTimeout(timer);
      this.waiting.delete(limit);
    }
  }
}
