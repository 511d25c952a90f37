/**
 * How long to wait before the next attempt: doubling, never above the ceiling, and spread, so that
 * the clients of a server that returns do not all come in the same instant.
 */
export class Backoff {
  private attempts = 0;

  constructor(
    private readonly firstMs = 500,
    private readonly ceilingMs = 15_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds, between half of the step and the whole of it. */
  next(): number {
    const step = Math.min(this.firstMs * 2 ** this.attempts, this.ceilingMs);
    this.attempts += 1;
    return step * (0.5 + this.random() / 2);
  }

  /** After a success. */
  reset(): void {
    this.attempts = 0;
  }
}
