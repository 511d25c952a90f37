import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Backoff } from "./backoff";
import { Declined, declinedBy, Repeated } from "./nearby";

describe("work that is repeated", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Work that ends when it is told to. */
  function work(): {
    run: () => Promise<void>;
    end: (problem?: Error) => void;
    begun: () => number;
  } {
    const open: ((problem?: Error) => void)[] = [];
    let begun = 0;
    return {
      run: () =>
        new Promise((resolve, reject) => {
          begun += 1;
          open.push((problem) => (problem ? reject(problem) : resolve()));
        }),
      end: (problem) => open.shift()?.(problem),
      begun: () => begun,
    };
  }

  const steady = (): Backoff => new Backoff(1000, 8000, () => 1);

  test("is done once more if it was asked for meanwhile, however often", async () => {
    const { run, end, begun } = work();
    const repeated = new Repeated(run, () => false);
    repeated.ask();
    repeated.ask();
    repeated.ask();
    expect(begun()).toBe(1);
    end();
    await vi.advanceTimersByTimeAsync(1);
    expect(begun()).toBe(2);
    end();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun()).toBe(2);
  });

  test("leaves a gap between two", async () => {
    const { run, end, begun } = work();
    const repeated = new Repeated(run, () => false, 200);
    repeated.ask();
    end();
    await vi.advanceTimersByTimeAsync(0);
    repeated.ask();
    await vi.advanceTimersByTimeAsync(199);
    expect(begun()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun()).toBe(2);
  });

  test("is tried again, later each time, as long as that makes sense", async () => {
    const { run, end, begun } = work();
    const repeated = new Repeated(run, () => begun() < 3, 0, steady());
    repeated.ask();
    end(new Error("once"));
    await vi.advanceTimersByTimeAsync(999);
    expect(begun()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun()).toBe(2);
    end(new Error("twice"));
    await vi.advanceTimersByTimeAsync(1999);
    expect(begun()).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun()).toBe(3);
    end(new Error("for good"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(begun()).toBe(3);
  });

  test("can be asked for again after it has failed for good", async () => {
    const { run, end, begun } = work();
    const repeated = new Repeated(run, () => false);
    repeated.ask();
    end(new Error("no"));
    await vi.advanceTimersByTimeAsync(1);
    repeated.ask();
    expect(begun()).toBe(2);
  });

  test("does nothing any more once it is stopped", async () => {
    const { run, end, begun } = work();
    const repeated = new Repeated(run, () => true, 0, steady());
    repeated.ask();
    repeated.ask();
    repeated.stop();
    end();
    repeated.ask();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(begun()).toBe(1);
  });
});

describe("what the server declines", () => {
  test("has a code, a sentence, and when to try again", async () => {
    const body = JSON.stringify({ code: "rate_limited", detail: "too many" });
    const response = new Response(body, { status: 429, headers: { "Retry-After": "7" } });
    expect(await declinedBy(response)).toMatchObject({
      status: 429,
      code: "rate_limited",
      message: "too many",
      retryAfterS: 7,
    });
  });

  test("is understood, too, if something between has answered", async () => {
    const response = new Response("<h1>Bad Gateway</h1>", { status: 502 });
    expect(await declinedBy(response)).toMatchObject({ status: 502, code: "other" });
  });

  test.each([
    [0, true],
    [400, false],
    [401, false],
    [429, true],
    [503, true],
  ])("status %d is for now: %s", (status, isForNow) => {
    expect(new Declined(status, "x", "").isForNow).toBe(isForNow);
  });
});
