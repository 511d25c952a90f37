// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Program, Said } from "./messages";

/** What the page does with the frame, and how the frame speaks to it. */
const frame = {
  programs: [] as Program[],
  stops: 0,
  lines: [] as string[],
  say: (_said: Said): void => undefined,
  isBroken: false,
};
vi.mock("./engine", () => ({ load: () => Promise.resolve({ kind: "python" }) }));
vi.mock("./sandbox", () => ({
  Sandbox: class {
    equip(): void {}
    ready(): Promise<void> {
      return frame.isBroken ? Promise.reject(new Error("broken")) : Promise.resolve();
    }
    run(program: Program, hears: (said: Said) => void): void {
      frame.programs.push(program);
      frame.say = hears;
    }
    line(text: string): void {
      frame.lines.push(text);
    }
    stop(): void {
      frame.stops += 1;
      frame.say = () => undefined;
    }
    close(): void {}
  },
}));
const { Run } = await import("./run.svelte");

const FILES = [{ filename: "main.py", content: "print(1)" }];
const out = (text: string): Said => ({ kind: "output", piece: { stream: "out", text } });

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(frame, { programs: [], stops: 0, lines: [], isBroken: false });
});
afterEach(() => {
  vi.useRealTimers();
});

async function started() {
  const run = new Run(document.body);
  await run.start(FILES, "main.py", ["3"]);
  return run;
}

describe("a run", () => {
  it("shows what is printed, and ends", async () => {
    const run = await started();
    expect(run.state).toBe("running");
    expect(frame.programs).toMatchObject([{ filename: "main.py", input: ["3"] }]);
    frame.say(out("1\n"));
    frame.say({ kind: "ended" });
    expect(run.state).toBe("ended");
    expect(run.shown.pieces).toEqual([{ stream: "out", text: "1\n" }]);
  });

  it("fails with what the program says of its fault", async () => {
    const run = await started();
    const fault = { kind: "NameError", message: "x", filename: "main.py", line: 2 };
    frame.say({ kind: "ended", fault });
    expect([run.state, run.shown.fault]).toEqual(["failed", fault]);
  });

  it("ends after a minute without a word, and each word is another minute", async () => {
    const run = await started();
    await vi.advanceTimersByTimeAsync(59_000);
    frame.say(out("."));
    await vi.advanceTimersByTimeAsync(59_000);
    expect(run.state).toBe("running");
    await vi.advanceTimersByTimeAsync(1_500);
    expect([run.state, frame.stops]).toEqual(["timed_out", 1]);
  });

  it("waits for whoever is asked as long as they think", async () => {
    const run = await started();
    frame.say({ kind: "asks" });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(run.state).toBe("asks");
    run.answer("Ada");
    expect([run.state, ...frame.lines]).toEqual(["running", "Ada"]);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(run.state).toBe("timed_out");
  });

  it("that is stopped is heard no more", async () => {
    const run = await started();
    const say = frame.say;
    run.stop();
    say(out("late"));
    say({ kind: "ended" });
    expect([run.state, run.shown.pieces]).toEqual(["stopped", []]);
  });

  it("that was stopped while the engine came does not begin", async () => {
    const run = new Run(document.body);
    const starting = run.start(FILES, "main.py", []);
    run.stop();
    await starting;
    expect([run.state, frame.programs]).toEqual(["stopped", []]);
  });

  it("says that there is no interpreter", async () => {
    frame.isBroken = true;
    expect((await started()).state).toBe("lost");
  });
});
