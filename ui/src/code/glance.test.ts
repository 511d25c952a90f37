import { describe, expect, it } from "vitest";
import { tokensOf } from "./glance";

const kinds = (line: string) =>
  tokensOf(line)
    .filter(({ kind }) => kind !== "plain")
    .map(({ text, kind }) => `${kind} ${text}`);

describe("the colours of a line", () => {
  it.each([
    ["def area(r):  # π", ["keyword def", "comment # π"]],
    ["    return 3.14 * r", ["keyword return", "number 3.14"]],
    ["print(\"a # b\", 'c')", ['string "a # b"', "string 'c'"]],
    ["let x = `open", ["keyword let", "string `open"]],
    ["int a2 = b1; // 2", ["keyword int", "comment // 2"]],
    ["url = http://x", []],
    ["definition = если", []],
    ["", []],
  ])("%j", (line, expected) => {
    expect(kinds(line)).toEqual(expected);
    expect(
      tokensOf(line)
        .map(({ text }) => text)
        .join(""),
    ).toBe(line);
  });
});
