import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Report } from "../run/reported";
import type { Answer } from "../wire/student";
import { Reports } from "./reports";

/** A server that answers what it is told to. */
class Desk {
  readonly told: string[] = [];
  answer: Answer = "done";
  isHere = true;
  readonly reports = new Reports(
    {
      run: ({ run, state, output }) => this.take(`${run} ${state} ${output ?? ""}`),
      checks: ({ task, rev, passed }) => this.take(`${task} ${rev} ${passed.join()}`),
      isHere: () => this.isHere,
    },
    () => Date.now(),
  );

  ran(state: Report["state"], output = ""): void {
    this.reports.ran({ run: "r", filename: "main.py", state, output, ms: 1 });
  }

  check(task: string, ...passed: string[]): void {
    this.reports.check({ task, rev: 1, passed, failed: [] });
  }

  private take(what: string): Promise<Answer> {
    this.told.push(what);
    return Promise.resolve(this.answer);
  }
}

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);
let desk: Desk;

beforeEach(() => {
  vi.useFakeTimers();
  desk = new Desk();
});
afterEach(() => {
  desk.reports.stop();
  vi.useRealTimers();
});

describe("a run", () => {
  it("is told once a second at most while it runs, and its end at once", async () => {
    for (let tenth = 0; tenth < 15; tenth += 1) {
      desk.ran("running", String(tenth));
      await later(100);
    }
    desk.ran("ended", "all");
    await later(0);
    expect(desk.told).toEqual(["r running 0", "r running 9", "r ended all"]);
  });

  it("that ended without a connection is told over the next one, the last alone", async () => {
    desk.isHere = false;
    desk.ran("ended", "first");
    desk.ran("failed", "last");
    await later(1_000);
    expect(desk.told).toEqual([]);
    desk.isHere = true;
    await desk.reports.send();
    await later(0);
    await desk.reports.send();
    await later(5_000);
    expect(desk.told).toEqual(["r failed last"]);
  });

  it("is no other student's", async () => {
    desk.isHere = false;
    desk.ran("ended");
    desk.check("1", "a");
    await later(0);
    desk.reports.forget();
    desk.isHere = true;
    await desk.reports.send();
    await later(5_000);
    expect(desk.told).toEqual([]);
  });
});

describe("checks", () => {
  it("are told of each task, the newest where none has gone", async () => {
    desk.isHere = false;
    desk.check("1");
    desk.check("2", "a");
    desk.check("1", "b");
    await later(0);
    desk.isHere = true;
    await desk.reports.send();
    await desk.reports.send();
    expect(desk.told.sort()).toEqual(["1 1 b", "2 1 a"]);
  });

  it("are told again when the server could not save them", async () => {
    desk.answer = { code: "store_unavailable", message: "", event: "" };
    desk.check("1", "a");
    await later(0);
    desk.answer = "done";
    await later(30_000);
    expect(desk.told).toEqual(["1 1 a", "1 1 a"]);
  });
});
