import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Backoff } from "../wire/backoff";
import { Poll, type Watched } from "./poll";

class Page implements Watched {
  isHidden = false;
  private changed: () => void = () => undefined;

  onChange(changed: () => void): () => void {
    this.changed = changed;
    return () => (this.changed = () => undefined);
  }

  turn(isHidden: boolean): void {
    this.isHidden = isHidden;
    this.changed();
  }
}

describe("asking again and again", () => {
  let page: Page;
  let asked: number[];
  let isDone: boolean;
  let poll: Poll;

  beforeEach(() => {
    vi.useFakeTimers();
    page = new Page();
    asked = [];
    isDone = true;
    const work = (): Promise<boolean> => {
      asked.push(Date.now());
      return Promise.resolve(isDone);
    };
    poll = new Poll(work, 1000, page, new Backoff(2000, 8000, () => 1));
    vi.setSystemTime(0);
    poll.start();
  });

  afterEach(() => {
    poll.stop();
    vi.useRealTimers();
  });

  it("begins at once and keeps its pace", async () => {
    await vi.advanceTimersByTimeAsync(2500);
    expect(asked).toEqual([0, 1000, 2000]);
  });

  it("rests while nobody sees the page, and goes on at once", async () => {
    await vi.advanceTimersByTimeAsync(500);
    page.turn(true);
    await vi.advanceTimersByTimeAsync(9500);
    expect(asked).toEqual([0]);
    page.turn(false);
    expect(asked).toEqual([0, 10_000]);
  });

  it("waits longer after each failure, and not after a success", async () => {
    isDone = false;
    await vi.advanceTimersByTimeAsync(7500);
    expect(asked).toEqual([0, 1000, 3000, 7000]);
    isDone = true;
    await vi.advanceTimersByTimeAsync(9500);
    expect(asked.slice(4)).toEqual([15_000, 16_000, 17_000]);
    isDone = false;
    await vi.advanceTimersByTimeAsync(3500);
    expect(asked.slice(7)).toEqual([18_000, 20_000]);
  });

  it("asks once more, however often it was wished meanwhile", async () => {
    poll.now();
    poll.now();
    poll.now();
    await vi.advanceTimersByTimeAsync(500);
    // At the start, at the first wish, and for those that came while it was on its way.
    expect(asked).toEqual([0, 0, 0]);
  });

  it("ends", async () => {
    poll.stop();
    page.turn(false);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toEqual([0]);
  });
});
