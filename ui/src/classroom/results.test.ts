import { describe, expect, it } from "vitest";
import type { Student } from "./student";
import { asCsv, inResultsOrder, nextOrder } from "./results";

const WORDS = {
  student: "Student",
  percent: "Done",
  status: (status: string) => status.toLowerCase(),
};

const COLUMNS = ["1", "2"].map((id) => ({ id, sign: id, title: `Task ${id}` }));

function named(name: string, steps: Student["steps"] = {}): Student {
  return { name, steps } as Student;
}

function cellsOf(name: string): string {
  return asCsv([], [named(name)], WORDS).split("\r\n")[1] ?? "";
}

describe("the results as a file", () => {
  it("have a row for each student and a column for each task, and are marked as UTF-8", () => {
    const students = [named("Ада", { 1: "DONE" }), named("Grace", { 1: "ACCEPTED", 2: "DONE" })];
    expect(asCsv(COLUMNS, students, WORDS)).toBe(
      "\uFEFFStudent,Task 1,Task 2,Done\r\nАда,done,none,50%\r\nGrace,accepted,done,100%\r\n",
    );
  });

  it.each([
    ["a,b", '"a,b",0%'],
    ['say "hi"', '"say ""hi""",0%'],
    ["two\nlines", '"two\nlines",0%'],
    ["=1+1", "'=1+1,0%"],
    ["+7", "'+7,0%"],
    ["-7", "'-7,0%"],
    ["@SUM(A1)", "'@SUM(A1),0%"],
    ["\t=1", "'\t=1,0%"],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")",0%`],
    ["a=1", "a=1,0%"],
  ])("quote %j, and let no name be calculated", (name, expected) => {
    expect(cellsOf(name)).toBe(expected);
  });
});

describe("the order of the results", () => {
  const CLASS = [
    named("zoe", { 1: "HELP", 2: "DONE" }),
    named("Ada 10", { 1: "DONE" }),
    named("ada 9", { 1: "ACCEPTED", 2: "IN_PROGRESS" }),
    named("Émile"),
  ];
  const ordered = (by: string, isDown = false) =>
    inResultsOrder(CLASS, COLUMNS, { by, isDown }).map(({ name }) => name);

  it.each([
    ["name", ["ada 9", "Ada 10", "Émile", "zoe"], ["zoe", "Émile", "Ada 10", "ada 9"]],
    ["#1", ["Émile", "zoe", "Ada 10", "ada 9"], ["ada 9", "Ada 10", "zoe", "Émile"]],
    ["#2", ["Ada 10", "Émile", "ada 9", "zoe"], ["zoe", "ada 9", "Ada 10", "Émile"]],
    ["percent", ["Émile", "zoe", "Ada 10", "ada 9"], ["zoe", "Ada 10", "ada 9", "Émile"]],
    ["#16", CLASS.map(({ name }) => name), CLASS.map(({ name }) => name)],
  ])("is by %s, up and down, and equal ones stay as they came", (by, up, down) => {
    expect(ordered(by)).toEqual(up);
    expect(ordered(by, true)).toEqual(down);
  });

  it("is that of the class unless a column was pressed, and its list is left as it is", () => {
    const given = [...CLASS];
    expect(inResultsOrder(given, COLUMNS, undefined)).toEqual(CLASS);
    inResultsOrder(given, COLUMNS, { by: "name", isDown: false });
    expect(given).toEqual(CLASS);
  });

  it("turns with each press on the same column, and begins anew with another", () => {
    const up = nextOrder(undefined, "name");
    const down = nextOrder(up, "name");
    expect([up, down, nextOrder(down, "name"), nextOrder(down, "1")]).toEqual([
      { by: "name", isDown: false },
      { by: "name", isDown: true },
      undefined,
      { by: "1", isDown: false },
    ]);
  });
});
