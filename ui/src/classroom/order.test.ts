import { describe, expect, it } from "vitest";
import type { Call } from "../board/calls";
import type { RunOfStudent } from "../wire/generated";
import type { Student } from "./student";
import { NO_PROJECT } from "./files";
import { boardOrder, isFound, isStuck, STUCK_AFTER_MS } from "./order";
import { steadyList } from "./steady";

const NOW = 10_000_000;

function student(id: number, changes: Partial<Student> = {}): Student {
  return {
    id,
    name: `Student ${id}`,
    place: id,
    sid: "s",
    watchedSid: "s",
    steps: {},
    call: undefined,
    run: undefined,
    checks: new Map(),
    activeAt: NOW,
    project: NO_PROJECT,
    talk: [],
    readId: 0,
    unread: 0,
    ...changes,
  };
}

const call = (place: number): Call => ({
  place,
  task: undefined,
  note: "",
  since: NOW,
  state: "waiting",
  by: undefined,
  helped: 0,
});

const failed = (kind: string): RunOfStudent => ({
  user_id: 1,
  run: "r",
  filename: "main.py",
  state: "failed",
  output: "",
  ms: 1,
  error: { kind, message: "", line: 1 },
});

const stuck = (id: number, forMs: number, changes: Partial<Student> = {}) =>
  student(id, { steps: { 1: "IN_PROGRESS" }, activeAt: NOW - forMs, ...changes });

describe("the board's order", () => {
  it("begins with who calls for help, in the server's order, then who is stuck longest, then as they came", () => {
    const class_ = [
      student(1),
      stuck(2, STUCK_AFTER_MS),
      student(3, { call: call(1) }),
      student(4),
      stuck(5, STUCK_AFTER_MS + 1),
      student(6, { call: call(0) }),
    ];
    expect(boardOrder(class_, NOW)).toEqual([6, 3, 5, 2, 1, 4]);
  });

  it("does not depend on the order in which students are given", () => {
    const class_ = [3, 1, 2].map((id) => student(id));
    expect(boardOrder(class_, NOW)).toEqual([1, 2, 3]);
  });

  it("moves nobody for an edit", () => {
    const before = [student(1, { activeAt: 1 }), student(2)];
    const after = [student(1, { activeAt: NOW }), student(2)];
    const steady = steadyList<number>();
    expect(steady(boardOrder(after, NOW))).toBe(steady(boardOrder(before, NOW)));
  });

  it("moves who asks for help, and nobody else", () => {
    const class_ = [1, 2, 3, 4].map((id) => student(id));
    const asking = class_.with(2, student(3, { call: call(0) }));
    expect(boardOrder(asking, NOW)).toEqual([3, 1, 2, 4]);
  });
});

describe("somebody is stuck", () => {
  it.each<[string, boolean, Student]>([
    ["in the middle of a task without a change", true, stuck(1, STUCK_AFTER_MS)],
    ["not before the time", false, stuck(1, STUCK_AFTER_MS - 1)],
    ["not without a task", false, stuck(1, STUCK_AFTER_MS, { steps: {} })],
    ["not when all is done", false, stuck(1, STUCK_AFTER_MS, { steps: { 1: "DONE" } })],
    ["not if nobody watches", false, stuck(1, STUCK_AFTER_MS, { watchedSid: "" })],
    ["not while away", false, stuck(1, STUCK_AFTER_MS, { sid: "" })],
    ["not if nobody knows since when", false, stuck(1, 0, { activeAt: undefined })],
    ["not who already asks", false, stuck(1, STUCK_AFTER_MS, { call: call(0) })],
  ])("%s: %s", (_, expected, someone) => {
    expect(isStuck(someone, NOW)).toBe(expected);
  });
});

describe("looking for somebody", () => {
  it.each([
    ["ада", true],
    ["ЛАВ ада", true],
    ["", true],
    ["grace", false],
  ])("by %j: %s", (sought, expected) => {
    expect(isFound(student(1, { name: "Ада Лавлейс" }), sought, "all")).toBe(expected);
  });

  it("can be for whose program failed by one kind of error", () => {
    const filter = { error: "NameError" };
    expect(isFound(student(1), "", filter)).toBe(false);
    expect(isFound(student(1, { run: failed("TypeError") }), "", filter)).toBe(false);
    expect(isFound(student(1, { run: failed("NameError") }), "", filter)).toBe(true);
  });
});

describe("the board, sorted", () => {
  const class_ = [
    student(1, { name: "Zoe", steps: { 1: "DONE" }, activeAt: NOW - 5 }),
    student(2, { name: "ada", call: call(0), activeAt: NOW - 9 }),
    student(3, { name: "Bob", steps: { 1: "DONE", 2: "DONE" }, activeAt: undefined }),
  ];

  it.each([
    ["help", [2, 1, 3]],
    ["name", [2, 3, 1]],
    ["progress", [2, 1, 3]],
    ["activity", [3, 2, 1]],
  ] as const)("by %s", (sort, expected) => {
    expect(boardOrder(class_, NOW, sort, [{ id: "1" }, { id: "2" }])).toEqual(expected);
  });

  it("can be for whose messages are unread", () => {
    expect(isFound(student(1), "", "unread")).toBe(false);
    expect(isFound(student(1, { unread: 2 }), "", "unread")).toBe(true);
  });
});
