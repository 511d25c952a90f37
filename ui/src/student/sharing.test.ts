import { describe, expect, it } from "vitest";
import { after, batches, differences, fits, shareable, wholeTree } from "./sharing";

const tree = (files: Record<string, string>) => new Map(Object.entries(files));

it("what the room ignores is out of the teacher's sight", () => {
  const ignores = { names: ["secret.txt"], dirs: [".git"], extensions: ["pyc"] };
  const names = ["main.py", "a.pyc", "lib/secret.txt", "lib/.git/x"];
  const files = names.map((filename) => ({ filename, content: "x" }));
  expect([...shareable(files, ignores, new Map()).there.keys()]).toEqual(["main.py"]);
});

describe("a file that has grown too large", () => {
  const nothing = { names: [], dirs: [], extensions: [] };
  const files = [{ filename: "data.csv", content: "x".repeat(700_001) }];

  it("is named with its size and the limit, and what was shown of it stays", () => {
    const { there, leftOut } = shareable(files, nothing, tree({ "data.csv": "small" }));
    expect(there).toEqual(tree({ "data.csv": "small" }));
    expect(leftOut).toEqual([
      { filename: "data.csv", why: "too_large", size: 700_003, limit: 700_000 },
    ]);
  });

  it("is not there for a teacher who has seen nothing of it", () => {
    expect(shareable(files, nothing, new Map()).there.size).toBe(0);
  });
});

describe("what has to be sent", () => {
  it("is everything when the teacher begins to watch", () => {
    expect(wholeTree(tree({ "a.py": "1", "b.py": "2" }))).toEqual([
      { filename: "a.py", status: "CREATED", content: "1" },
      { filename: "b.py", status: "CREATED", content: "2" },
    ]);
  });

  it("is nothing while nothing changes", () => {
    expect(differences(tree({ "a.py": "1" }), tree({ "a.py": "1" }))).toEqual([]);
  });

  it("is each new, changed and removed file with its status, and no other", () => {
    const sent = tree({ "gone.py": "1", "same.py": "2", "new.py": "3" });
    const there = tree({ "same.py": "2", "new.py": "4", "made.py": "" });
    expect(differences(sent, there)).toEqual([
      { filename: "gone.py", status: "REMOVED", content: "" },
      { filename: "new.py", status: "CHANGED", content: "4" },
      { filename: "made.py", status: "CREATED", content: "" },
    ]);
  });

  it("is a removal and a creation for a file with a new name", () => {
    const files = differences(tree({ "a.py": "1" }), tree({ "b.py": "1" }));
    expect(files.map(({ filename, status }) => [filename, status])).toEqual([
      ["a.py", "REMOVED"],
      ["b.py", "CREATED"],
    ]);
  });

  it("leads to what is there, whatever was sent", () => {
    const there = tree({ a: "1", b: "2" });
    for (const sent of [tree({}), tree({ a: "0", c: "3" }), there]) {
      expect(after(sent, differences(sent, there))).toEqual(there);
    }
  });
});

describe("portions", () => {
  const files = wholeTree(tree({ a: "x".repeat(400), b: "y".repeat(400), c: "z" }));

  it("stay below the limit, in order", () => {
    const names = batches(files, 600).map((each) => each.map(({ filename }) => filename));
    expect(names).toEqual([["a"], ["b", "c"]]);
  });

  it("are at least one: an empty project is sent, too", () => {
    expect(batches([], 600)).toEqual([[]]);
  });
});

it("a file fits by its bytes on the wire", () => {
  expect(fits("x".repeat(600_000))).toBe(true);
  expect(fits("ж".repeat(400_000))).toBe(false);
});
