import { describe, expect, it } from "vitest";
import { applied, changes, normalised } from "./changes";

describe("the changes between two texts", () => {
  it("are none for the same text", () => {
    expect(changes("a\nb\n", "a\nb\n")).toEqual([]);
  });

  it("touch nothing but what differs inside a line", () => {
    expect(changes("one\ntwo\nthree\n", "one\ntwelve\nthree\n")).toEqual([
      { from: 6, to: 7, insert: "elve" },
    ]);
  });

  it("leave the lines between two places alone", () => {
    const before = "a\nsame 1\nsame 2\nb\n";
    expect(changes(before, "A\nsame 1\nsame 2\nB\n")).toEqual([
      { from: 0, to: 1, insert: "A" },
      { from: 16, to: 17, insert: "B" },
    ]);
  });

  it("are one insertion for lines that are added", () => {
    expect(changes("a\nb\n", "a\nnew\nb\n")).toEqual([{ from: 2, to: 2, insert: "new\n" }]);
  });

  it.each([
    ["", "a"],
    ["a", ""],
    ["a", "a\n"],
    ["a\nb", "b\na"],
    ["x\n\n\ny", "\nx\n\ny\n"],
    ["a\na\na\n", "a\na\n"],
  ])("lead from %j to %j", (before, after) => {
    expect(applied(before, changes(before, after))).toBe(after);
  });

  it("lead from any text to any other", () => {
    const text = (seed: number): string =>
      Array.from({ length: 14 }, (_, at) => "abc\n"[((seed * (at + 3) * 7919) % 61) % 4]).join("");
    for (let seed = 1; seed < 60; seed++) {
      const [before, after] = [text(seed), text(seed * 13)];
      expect(applied(before, changes(before, after))).toBe(after);
    }
  });

  it("are found at once for texts that have nothing in common", () => {
    const lines = (sign: string): string => `${sign}\n`.repeat(20_000);
    expect(applied(lines("a"), changes(lines("a"), lines("b")))).toBe(lines("b"));
  });
});

it("a view's text has one kind of line break", () => {
  expect(normalised("a\r\nb\rc\n")).toBe("a\nb\nc\n");
});
