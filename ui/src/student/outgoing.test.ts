import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { File, UnsentFile } from "../wire/generated";
import type { Answer } from "../wire/student";
import { Outgoing } from "./outgoing";

/** A teacher who takes files, or answers otherwise. */
class Desk {
  files = new Map<string, string>([["main.py", "1"]]);
  heard: [string, string[]][] = [];
  /** Of each: whether it is for the history, too, and whether anything in it was pasted. */
  marks: (boolean | undefined)[][] = [];
  refusals: string[] = [];
  answer: Answer = "done";
  leftOut: UnsentFile[] = [];
  told: string[][] = [];
  readonly outgoing = new Outgoing(
    {
      tree: (files, isRecorded) => this.take("tree", files, isRecorded),
      update: (files, ...marks) => this.take("update", files, ...marks),
      leftOut: (files) => {
        this.told.push(files.map(({ filename, why }) => `${filename} ${why}`));
        return Promise.resolve("done");
      },
      shareable: () => ({ there: new Map(this.files), leftOut: this.leftOut }),
      refused: ({ code }) => this.refusals.push(code),
    },
    () => Date.now(),
  );

  type(filename: string, content: string, isPasted = false): void {
    this.files.set(filename, content);
    this.outgoing.changed(isPasted);
  }

  private take(kind: string, files: File[], ...marks: boolean[]): Promise<Answer> {
    this.marks.push(marks);
    this.heard.push([kind, files.map((file) => `${file.status} ${file.filename}`)]);
    return Promise.resolve(this.answer);
  }
}

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a student's files on their way to the teacher", () => {
  it("stay where they are while nobody watches", async () => {
    const desk = new Desk();
    desk.type("main.py", "2");
    await later(5_000);
    expect(desk.heard).toEqual([]);
  });

  it("go as a whole first, then as they change", async () => {
    const desk = new Desk();
    desk.outgoing.start();
    await later(0);
    desk.type("b.py", "x");
    await later(1_000);
    expect(desk.heard).toEqual([
      ["tree", ["CREATED main.py"]],
      ["update", ["CREATED b.py"]],
    ]);
  });

  it("go at most once a second, with the latest of each", async () => {
    const desk = new Desk();
    desk.outgoing.start();
    await later(1_500);
    for (let letter = 0; letter < 20; letter++) {
      desk.type("main.py", `x = ${letter}`);
      await later(100);
    }
    await later(1_000);
    const updates = desk.heard.filter(([kind]) => kind === "update");
    expect(updates.length).toBeGreaterThan(1);
    expect(updates.length).toBeLessThanOrEqual(3);
  });

  it("are not sent when nothing has changed in the end", async () => {
    const desk = new Desk();
    desk.outgoing.start();
    await later(1_500);
    desk.type("main.py", "2");
    desk.files.set("main.py", "1");
    await later(2_000);
    expect(desk.heard).toHaveLength(1);
  });

  it("stay again when the teacher has seen enough", async () => {
    const desk = new Desk();
    desk.outgoing.start();
    await later(1_500);
    desk.outgoing.stop();
    desk.type("main.py", "2");
    await later(2_000);
    expect(desk.heard).toHaveLength(1);
  });

  it("go as a whole again when the student is back", async () => {
    const desk = new Desk();
    desk.outgoing.start();
    await later(0);
    desk.answer = "lost";
    desk.type("main.py", "2");
    await later(1_000);
    desk.answer = "done";
    desk.outgoing.start();
    await later(0);
    expect(desk.heard.at(-1)).toEqual(["tree", ["CREATED main.py"]]);
  });

  it.each(["store_unavailable", "unavailable", "rate_limited"])(
    "are tried again after %s",
    async (code) => {
      const desk = new Desk();
      desk.outgoing.start();
      await later(1_500);
      desk.answer = { code, message: "", event: "" };
      desk.type("main.py", "2");
      await later(0);
      desk.answer = "done";
      await later(6_000);
      expect(desk.heard.slice(1)).toEqual([
        ["update", ["CHANGED main.py"]],
        ["update", ["CHANGED main.py"]],
      ]);
    },
  );

  it("are too many only once", async () => {
    const desk = new Desk();
    desk.answer = { code: "files_limit", message: "", event: "" };
    desk.outgoing.start();
    await later(20_000);
    expect(desk.refusals).toEqual(["files_limit"]);
    expect(desk.heard).toHaveLength(1);
  });

  it("are told of when they are too large, and once that has changed", async () => {
    const desk = new Desk();
    desk.leftOut = [{ filename: "data.csv", why: "too_large", size: 9, limit: 7 }];
    desk.outgoing.start();
    await later(0);
    desk.type("main.py", "2");
    await later(1_000);
    desk.leftOut = [];
    desk.type("main.py", "3");
    await later(1_000);
    expect(desk.told).toEqual([["data.csv too_large"], []]);
  });

  it("are told of when the server keeps no more, until it does", async () => {
    const desk = new Desk();
    desk.outgoing.start();
    await later(0);
    desk.answer = { code: "files_limit", message: "", event: "sharing/code_update" };
    desk.type("b.py", "x");
    await later(1_000);
    desk.answer = "done";
    desk.type("b.py", "y");
    await later(12_000);
    expect(desk.told).toEqual([[], ["b.py too_much"], []]);
  });
});

describe("a student's files on their way into the history", () => {
  it("go also unwatched, and as a whole once more when somebody begins to watch", async () => {
    const desk = new Desk();
    desk.outgoing.record(true);
    await later(0);
    desk.type("main.py", "2");
    await later(1_500);
    desk.outgoing.start();
    await later(1_500);
    desk.outgoing.stop();
    desk.type("main.py", "3");
    await later(1_500);
    expect(desk.heard.map(([kind]) => kind)).toEqual(["tree", "update", "tree", "update"]);
    expect(desk.marks).toEqual([[true], [true, false], [true], [true, false]]);
  });

  it("go as a whole once more when the class is recorded from now on", async () => {
    const desk = new Desk();
    desk.outgoing.start();
    await later(1_500);
    desk.outgoing.record(true);
    desk.outgoing.record(true);
    await later(1_500);
    expect(desk.heard.map(([kind]) => kind)).toEqual(["tree", "tree"]);
    expect(desk.marks).toEqual([[false], [true]]);
  });

  it("stay where they are when the class is recorded no longer", async () => {
    const desk = new Desk();
    desk.outgoing.record(true);
    await later(0);
    desk.outgoing.record(false);
    desk.type("main.py", "2");
    await later(5_000);
    expect(desk.heard).toHaveLength(1);
    desk.outgoing.start();
    await later(0);
    expect(desk.marks.at(-1)).toEqual([false]);
  });

  it("go nowhere without a connection, until somebody says so anew", async () => {
    const desk = new Desk();
    desk.outgoing.record(true);
    await later(0);
    desk.outgoing.end();
    desk.type("main.py", "2");
    await later(5_000);
    expect(desk.heard).toHaveLength(1);
    desk.outgoing.record(true);
    await later(0);
    expect(desk.heard.at(-1)).toEqual(["tree", ["CREATED main.py"]]);
  });

  it("say that something was pasted if any of it was, also when they are sent again", async () => {
    const desk = new Desk();
    desk.outgoing.record(true);
    await later(1_500);
    desk.answer = { code: "store_unavailable", message: "", event: "" };
    desk.type("main.py", "2", true);
    desk.type("main.py", "3");
    await later(0);
    desk.answer = "done";
    await later(6_000);
    desk.type("main.py", "4");
    await later(2_000);
    expect(desk.marks.slice(1)).toEqual([
      [true, true],
      [true, true],
      [true, false],
    ]);
  });
});
