import { describe, expect, it } from "vitest";
import type { Scene } from "../class/scenes";
import { OUTSIDE, reduce, type Classroom } from "../classroom/classroom";
import { happened } from "../classroom/replay";
import type { Student } from "../classroom/student";
import type { RunOfStudent } from "../wire/generated";
import { claimOf, errorGroups, errorOf, lastChecked, placeOf } from "./reports";

const BORIS = 3;
const FAILS = "Boris's program fails";

const after = (state: Classroom, ...scenes: Scene[]) =>
  happened(100, ...scenes).reduce(reduce, state);
const lesson = (...scenes: Scene[]) =>
  after(
    OUTSIDE,
    "the class begins",
    "Anna joins",
    "the teacher watches Anna",
    "Boris joins and is watched",
    "tasks are handed out",
    ...scenes,
  );
const boris = (state: Classroom): Student => {
  const student = state.students.get(BORIS);
  if (student === undefined) {
    throw new Error("Boris is not here");
  }
  return student;
};

const ran = (kind: string, changes: Partial<RunOfStudent> = {}): { run: RunOfStudent } => ({
  run: {
    user_id: 1,
    run: "r",
    filename: "main.py",
    state: "failed",
    output: "",
    ms: 1,
    error: { kind, message: "", line: null },
    ...changes,
  },
});

describe("a program of a student", () => {
  it("fails by an error, at a line of its file", () => {
    const student = boris(lesson("Boris runs a program", FAILS));
    expect(errorOf(student)?.kind).toBe("NameError");
    expect(placeOf(student)).toEqual({ filename: "main.py", line: 3 });
  });

  it("has no error any more once it runs again", () => {
    const student = boris(lesson(FAILS, "Boris runs a program"));
    expect([errorOf(student), placeOf(student)]).toEqual([undefined, undefined]);
  });

  it("can fail where nobody knows", () => {
    expect(placeOf(ran("MemoryError"))).toBeUndefined();
  });

  it("is something that was done, unless it was told to whoever began to watch", () => {
    const known = lesson("Boris runs a program");
    const later = happened(900, FAILS).reduce(reduce, known);
    expect(boris(later).activeAt).toBe(900);
    const first = happened(900, FAILS).reduce(reduce, lesson());
    expect(boris(first).activeAt).toBe(100);
  });
});

describe("errors as groups", () => {
  const class_ = [
    ...Array<{ run: RunOfStudent }>(3).fill(ran("NameError")),
    ...Array<{ run: RunOfStudent }>(2).fill(ran("IndentationError")),
    ran("TypeError"),
    ran("ValueError", { state: "running" }),
    { run: undefined },
  ];

  it("begin with the most frequent, and one alone is none", () => {
    expect(errorGroups(class_)).toEqual([
      { kind: "NameError", count: 3 },
      { kind: "IndentationError", count: 2 },
    ]);
  });

  it("keep the one that the board shows", () => {
    expect(errorGroups(class_, "TypeError").at(-1)).toEqual({ kind: "TypeError", count: 1 });
    expect(errorGroups(class_, "NameError")).toHaveLength(2);
  });

  it("are at most three", () => {
    const many = ["A", "B", "C", "D"].flatMap((kind) => [ran(kind), ran(kind)]);
    expect(errorGroups(many).map(({ kind }) => kind)).toEqual(["A", "B", "C"]);
  });
});

describe("what is claimed of checks", () => {
  const checks = ["one", "two", "three"].map((name) => ({ name }));
  const student = boris(lesson("Boris passes two of three checks"));

  it("counts those that the task has today", () => {
    expect(claimOf(student, "2", checks)).toEqual({ passed: 2, count: 3 });
    expect(claimOf(student, "2", checks.slice(1))).toEqual({ passed: 1, count: 2 });
    expect(lastChecked(student)).toBe("2");
  });

  it("is nothing of other tasks, or of checks that are all new", () => {
    expect(claimOf(student, "1", checks)).toBeUndefined();
    expect(claimOf(student, "2", [{ name: "four" }])).toBeUndefined();
  });
});
