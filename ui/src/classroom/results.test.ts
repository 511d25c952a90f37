import { describe, expect, it } from "vitest";
import type { Student } from "./student";
import { asCsv } from "./results";

const WORDS = {
  student: "Student",
  percent: "Done",
  task: (name: string) => `Task ${name}`,
  status: (status: string) => status.toLowerCase(),
};

function named(name: string, steps: Student["steps"] = {}): Student {
  return { name, steps } as Student;
}

function cellsOf(name: string): string {
  return asCsv([], [named(name)], WORDS).split("\r\n")[1] ?? "";
}

describe("the results as a file", () => {
  it("have a row for each student and a column for each task, and are marked as UTF-8", () => {
    const students = [named("Ада", { 1: "DONE" }), named("Grace", { 1: "ACCEPTED", 2: "DONE" })];
    expect(asCsv(["1", "2"], students, WORDS)).toBe(
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
