import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  difference,
  runAllChecks,
  runChecks,
  type Check,
  type Interpreter,
  type Why,
} from "./checks";
import type { Program, Said } from "./messages";

/** What a program does when it is run: what it says, one after the other. */
type Acts = (program: Program) => readonly Said[];

class Fake implements Interpreter {
  readonly fresh: boolean[] = [];
  readonly programs: Program[] = [];
  stops = 0;

  constructor(private readonly acts: Acts) {}

  run(program: Program, hears: (said: Said) => void, { isFresh }: { isFresh: boolean }): void {
    this.fresh.push(isFresh);
    this.programs.push(program);
    queueMicrotask(() => this.acts(program).forEach(hears));
  }

  stop(): void {
    this.stops += 1;
  }
}

const out = (text: string): Said => ({ kind: "output", piece: { stream: "out", text } });
const WORK = { files: [{ filename: "main.py", content: "" }], filename: "main.py" };
const ECHO: Check = { name: "echo", stdin: "3\n4\n", stdout: "3\n4" };
const ASSERT: Check = { name: "assert", code: "assert f(2) == 4" };
const BEGUN: Said = { kind: "begun" };
const ENDED: Said = { kind: "ended" };

const say = (why: Why) => JSON.stringify(why);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("checks", () => {
  it("pass by what is printed for an input, and by what is asserted afterwards", async () => {
    const fake = new Fake(({ input }) => [BEGUN, ...input.map((line) => out(`${line} \n`)), ENDED]);
    expect(await runChecks(fake, WORK, [ECHO, ASSERT], say)).toEqual({
      passed: ["echo", "assert"],
      failed: [],
    });
    expect(fake.programs).toMatchObject([
      { input: ["3", "4"], isInteractive: false, after: undefined },
      { input: [], isInteractive: false, after: "assert f(2) == 4" },
    ]);
    // One interpreter for one person's work, and none that goes on.
    expect(fake.fresh).toEqual([true, false]);
    expect(fake.stops).toBe(1);
  });

  it("fail with the program's own fault, and with the first line that is another", async () => {
    const fault = { kind: "ZeroDivisionError", message: "division by zero", line: 3 };
    const fake = new Fake(({ after }) =>
      after === undefined ? [BEGUN, out("3\n5\n"), ENDED] : [BEGUN, { kind: "ended", fault }],
    );
    const verdict = await runChecks(fake, WORK, [ECHO, ASSERT], say);
    expect(verdict.passed).toEqual([]);
    expect(verdict.failed).toEqual([
      { name: "echo", why: say({ kind: "output", line: 2, printed: "5", expected: "4" }) },
      { name: "assert", why: say({ kind: "fault", fault }) },
    ]);
  });

  it("have five seconds each from when they run, and the next has a new interpreter", async () => {
    const fake = new Fake(({ after }) => (after === undefined ? [BEGUN] : [BEGUN, ENDED]));
    const verdict = runChecks(fake, WORK, [ECHO, ASSERT], say);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(fake.programs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(await verdict).toEqual({
      passed: ["assert"],
      failed: [{ name: "echo", why: say({ kind: "time", seconds: 5 }) }],
    });
    expect(fake.fresh).toEqual([true, true]);
  });

  it("do not count the time in which an interpreter starts", async () => {
    const fake = new Fake(() => []);
    const verdict = runChecks(fake, WORK, [ECHO], say);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(fake.stops).toBe(0);
    await vi.advanceTimersByTimeAsync(31_000);
    expect((await verdict).failed).toEqual([{ name: "echo", why: say({ kind: "lost" }) }]);
  });

  it("that are taken back end at once, and the rest is not run", async () => {
    const fake = new Fake(() => [BEGUN]);
    const taken = new AbortController();
    const verdict = runChecks(fake, WORK, [ECHO, ASSERT], say, taken.signal);
    await vi.advanceTimersByTimeAsync(1_000);
    taken.abort();
    expect((await verdict).passed).toEqual([]);
    const stops = fake.stops;
    await vi.advanceTimersByTimeAsync(60_000);
    expect([fake.programs.length, fake.stops]).toEqual([1, stops]);
  });

  it("of JavaScript have a scope of their own each", async () => {
    const fake = new Fake(() => [BEGUN, out("3\n4\n"), ENDED]);
    const work = { files: [{ filename: "a.js", content: "" }], filename: "a.js" };
    await runChecks(fake, work, [ECHO, ASSERT], say);
    expect(fake.fresh).toEqual([true, true]);
  });

  it("compare what is told in two parts as one, without what went to the error stream", async () => {
    const fake = new Fake(() => [
      BEGUN,
      out("3\n"),
      { kind: "output", piece: { stream: "error", text: "warning" } },
      { kind: "tail", leftOut: 0, pieces: [{ stream: "out", text: "?" }] },
      { kind: "tail", leftOut: 0, pieces: [{ stream: "out", text: "4\n" }] },
      ENDED,
    ]);
    expect((await runChecks(fake, WORK, [ECHO], say)).passed).toEqual(["echo"]);
  });

  it("of a file that nobody can run fail", async () => {
    const work = { files: [], filename: "notes.txt" };
    const { failed } = await runChecks(new Fake(() => []), work, [ECHO], say);
    expect(failed).toEqual([{ name: "echo", why: say({ kind: "lost" }) }]);
  });
});

describe("checks of several tasks", () => {
  it("of one person share one interpreter, which ends with the last", async () => {
    const fake = new Fake(() => [BEGUN, ENDED]);
    const job = { work: WORK, checks: [ASSERT, ASSERT] };
    const verdicts = await runAllChecks(fake, [job, job], say);
    expect(verdicts.map(({ passed }) => passed.length)).toEqual([2, 2]);
    expect(fake.fresh).toEqual([true, false, false, false]);
    expect(fake.stops).toBe(1);
  });

  it("have another one where the language is another", async () => {
    const fake = new Fake(() => [BEGUN, ENDED]);
    const script = { files: [{ filename: "a.js", content: "" }], filename: "a.js" };
    const works = [WORK, script, WORK].map((work) => ({ work, checks: [ASSERT] }));
    await runAllChecks(fake, works, say);
    expect(fake.fresh).toEqual([true, true, true]);
  });
});

describe("two outputs", () => {
  it.each([
    ["a\nb", "a  \r\nb\t\n\n"],
    ["", "\n"],
    ["a\n\n\n", "a"],
  ])("are the same but for blanks at the ends of lines: %j, %j", (one, other) => {
    expect(difference(one, other)).toBeUndefined();
    expect(difference(other, one)).toBeUndefined();
  });

  it.each([
    ["a b", "a  b", 1],
    [" a", "a", 1],
    ["a\n\nb", "a\nb", 2],
    ["a", "a\nb", 2],
  ])("differ by anything else: %j, %j", (one, other, line) => {
    expect(difference(one, other)).toMatchObject({ kind: "output", line });
  });
});
