import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Patience } from "./patience";

/** How long a question waits that nobody answers, in milliseconds. */
async function waits(patience: Patience, wakesAfterMs?: number): Promise<number> {
  const begun = Date.now();
  const asked = patience.during(
    (signal) =>
      new Promise<number>((resolve) =>
        signal.addEventListener("abort", () => resolve(Date.now() - begun)),
      ),
  );
  if (wakesAfterMs !== undefined) {
    await vi.advanceTimersByTimeAsync(wakesAfterMs);
    patience.woke();
  }
  await vi.advanceTimersByTimeAsync(60_000);
  return asked;
}

describe("a question that nobody answers", () => {
  let patience: Patience;

  beforeEach(() => {
    vi.useFakeTimers();
    patience = new Patience(12_000, () => Date.now());
  });
  afterEach(() => void vi.useRealTimers());

  it("ends in its time", async () => {
    expect(await waits(patience)).toBe(12_000);
  });

  it("ends soon after the page woke, if it was asked before", async () => {
    expect(await waits(patience, 3_000)).toBe(7_000);
  });

  it("ends soon if it was asked when the page woke, and later not", async () => {
    patience.woke();
    expect(await waits(patience)).toBe(4_000);
    expect(await waits(patience)).toBe(12_000);
  });
});
