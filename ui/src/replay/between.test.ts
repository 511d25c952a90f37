import { expect, it } from "vitest";
import { between } from "./between";

const TEXTS = ["", "a", "aa", "aXa", "😀", "😁", "a😀b", "a😁b", "😀😀", "слово\n", "сло\n"];

it("the least change leads from any text to any other", () => {
  for (const before of TEXTS) {
    for (const after of TEXTS) {
      const change = between(before, after);
      const { from, to, gone } = change ?? { from: 0, to: 0, gone: "" };
      const made = before.slice(0, from) + after.slice(from, to) + before.slice(from + gone.length);
      expect(made, `${before} ${after}`).toBe(after);
      expect(change === undefined).toBe(before === after);
    }
  }
});

it("does not divide a character", () => {
  expect(between("a😀b", "a😁b")).toEqual({ from: 1, to: 3, gone: "😀" });
  // Another first half, the same second one.
  expect(between("a😀", "a🨀")).toEqual({ from: 1, to: 3, gone: "😀" });
  expect(between("😀", "😀😀")).toEqual({ from: 2, to: 4, gone: "" });
});
