import { describe, expect, it } from "vitest";
import { foldersAbove, parentOf, rowsOf } from "./tree";

const files = ["main.py", "src/b.py", "src/a.py", "src/deep/c.py", "a10.py", "a9.py"].map(
  (filename) => ({ filename, isChanged: filename === "src/deep/c.py" }),
);
const shown = (folded: string[] = []) => rowsOf(files, new Set(folded));

describe("the rows of a tree", () => {
  it("are folders first, then files, in the order of their names", () => {
    expect(shown().map((row) => row.path)).toEqual([
      "src/",
      "src/deep/",
      "src/deep/c.py",
      "src/a.py",
      "src/b.py",
      "a9.py",
      "a10.py",
      "main.py",
    ]);
  });

  it("leave out what a folded folder holds", () => {
    expect(shown(["src/"]).map((row) => row.path)).toEqual(["src/", "a9.py", "a10.py", "main.py"]);
  });

  it("say of a folder that something in it has changed", () => {
    expect(shown(["src/"])[0]).toMatchObject({ isFolder: true, isFolded: true, isChanged: true });
    expect(shown().at(-1)).toMatchObject({ isChanged: false });
  });

  it("know their level and place among their siblings", () => {
    expect(shown().find((row) => row.path === "src/b.py")).toMatchObject({
      level: 2,
      place: 3,
      siblings: 3,
      name: "b.py",
    });
  });

  it("are none without files", () => {
    expect(rowsOf([], new Set())).toEqual([]);
  });
});

describe("what lies above a row", () => {
  it("are all of its folders", () => {
    expect(foldersAbove("a/b/c.py")).toEqual(["a/", "a/b/"]);
    expect(foldersAbove("c.py")).toEqual([]);
  });

  it("is the innermost one", () => {
    expect(parentOf("a/b/c.py")).toBe("a/b/");
    expect(parentOf("a/b/")).toBe("a/");
    expect(parentOf("a/")).toBeUndefined();
  });
});
