import { describe, expect, it } from "vitest";
import { blocksOf, folded, inOneLine, isInCode, partsOf } from "./text";

const plain = (text: string) => ({ type: "plain", text });
const link = (text: string) => ({ type: "link", text });
const code = (text: string) => ({ type: "code", text });

describe("a line", () => {
  it.each([
    ["no link", [plain("no link")]],
    ["see https://a.org/b?c=d.", [plain("see "), link("https://a.org/b?c=d"), plain(".")]],
    ["(http://a.org)", [plain("("), link("http://a.org"), plain(")")]],
    ["javascript:alert(1)", [plain("javascript:alert(1)")]],
    ["use `x = 1` here", [plain("use "), code("x = 1"), plain(" here")]],
    ["`https://a.org` is code", [code("https://a.org"), plain(" is code")]],
    ["one ` alone", [plain("one ` alone")]],
    ["`not\nover lines`", [plain("`not\nover lines`")]],
    ["", []],
  ])("%j", (text, parts) => {
    expect(partsOf(text)).toEqual(parts);
  });
});

describe("a text", () => {
  const text = (said: string) => ({ type: "text", parts: [plain(said)] });
  const block = (said: string, language = "") => ({ type: "code", code: said, language });

  it.each([
    [
      "before\n```python\nif x:\n    y\n```\nafter",
      [text("before"), block("if x:\n    y", "python"), text("after")],
    ],
    ["```\na\n\nb\n```", [block("a\n\nb")]],
    ["```\n```", [block("")]],
    ["```\na\n```\n```\nb\n```", [block("a"), block("b")]],
    ["```\nnever closed", [text("```\nnever closed")]],
    ["```\nhttps://a.org `x`\n```", [block("https://a.org `x`")]],
    ["```\r\na", [text("```\r\na")]],
    ["two\nlines", [text("two\nlines")]],
  ])("%j", (said, blocks) => {
    expect(blocksOf(said)).toEqual(blocks);
  });

  it("is one line in a list", () => {
    expect(inOneLine("look:\n```py\nx = 1\ny = 2\n```\nok?")).toBe("look: x = 1 y = 2 ok?");
  });

  it.each([
    ["", false],
    ["```", true],
    ["```py\nx", true],
    ["```py\nx\n```", false],
    ["a ``` b", false],
  ])("that is being written: %j is inside a block: %s", (said, is) => {
    expect(isInCode(said)).toBe(is);
  });

  it("is found whatever its accents and capitals", () => {
    expect(folded("São É Ёж")).toBe(folded("sao e еж"));
  });
});
