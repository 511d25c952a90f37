import { describe, expect, it } from "vitest";
import { folderFor, renamed, solved, withNewFile, withoutFile, withText } from "./taskfiles";
import { newTask } from "./task";

const file = (filename: string, content = "") => ({ filename, content });
const TWO = [file("main.py", "a"), file("data/in.txt", "b")];

describe("the files of a task", () => {
  it("are added under names that are free, written and taken out", () => {
    expect(withNewFile([])).toEqual([file("main.py")]);
    const more = withNewFile(withNewFile(TWO));
    expect(new Set(more.map(({ filename }) => filename)).size).toBe(4);
    expect(withText(TWO, "main.py", "c")[0]).toEqual(file("main.py", "c"));
    expect(withoutFile(TWO, "main.py")).toEqual([TWO[1]]);
  });

  it.each([
    ["sub\\main.py", "sub/main.py"],
    ["main.py", "main.py"],
  ])("are called %j as a path of the folder", (typed, name) => {
    expect(renamed(TWO, "main.py", typed)).toEqual([file(name, "a"), TWO[1]]);
  });

  it.each([
    ["", "empty"],
    ["../main.py", "path"],
    ["data/IN.txt", "taken"],
    ["data", "folder"],
  ])("may not be called %j", (typed, problem) => {
    expect(renamed(TWO, "main.py", typed)).toBe(problem);
  });

  it("are what was given and over it the solution, for whoever has solved it", () => {
    const task = { ...newTask(), files: TWO, solution: [file("main.py", "solved")] };
    expect(solved(task)).toEqual([TWO[1], file("main.py", "solved")]);
  });

  it("lie in a folder that no other task has", () => {
    const [one, other] = [newTask(), { ...newTask(), folder: "task-2" }];
    expect(folderFor(one, "1", [one, other])).toBe("task-1");
    expect(folderFor(one, "2", [one, other])).toBe("task-1");
    expect(folderFor(other, "9", [one, other])).toBe("task-2");
  });
});
