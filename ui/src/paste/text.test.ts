import { describe, expect, it } from "vitest";
import { htmlOfText } from "./text";

const pre = (code: string): string => `<pre><code>${code}</code></pre>`;

describe("plain text", () => {
  it.each([
    ["a word", "word", "<p>word</p>"],
    ["what could be a tag", "a < b", "<p>a &lt; b</p>"],
    [
      "prose that ends lines with semicolons",
      "Нужно:\nкупить молоко;\nсварить кашу.",
      "<p>Нужно:</p><p>купить молоко;</p><p>сварить кашу.</p>",
    ],
    [
      "a poem in the imperative",
      "For you\nI wait;\nreturn to me",
      "<p>For you</p><p>I wait;</p><p>return to me</p>",
    ],
    [
      "a name with underscores",
      "Write __init__ and my_other_name",
      "<p>Write __init__ and my_other_name</p>",
    ],
    ["a multiplication", "2 * 3 * 4", "<p>2 * 3 * 4</p>"],
    ["one item", "- a thought", "<p>- a thought</p>"],
    ["a line with a tab", "x\t1", "<p>x &nbsp;&nbsp;&nbsp;1</p>".replace(/&nbsp;/g, "\u00a0")],
  ])("of %s stays", (_, text, html) => {
    expect(htmlOfText(text, false)).toBe(html);
  });

  it.each([
    ["Python", "x = 1\nprint(x)"],
    ["a function", "def f():\n    return 1"],
    ["JavaScript", "const x = 1;\nif (x) {\n  f(x);\n}"],
    ["C", "#include &lt;stdio.h&gt;\nint main() {\n  return 0;\n}"],
    ["a comment above it", "# adds\nx = x + 1\ny = 2"],
  ])("that is code in %s is a block of code", (_, code) => {
    expect(htmlOfText(code.replace(/&lt;/g, "<").replace(/&gt;/g, ">"), false)).toBe(pre(code));
  });

  it("without structure keeps each line, whatever it looks like", () => {
    expect(htmlOfText("- a\n- b", true)).toBe("<p>- a</p><p>- b</p>");
  });
});

describe("Markdown", () => {
  it.each([
    ["lists", "- a\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"],
    ["boxes", "- [ ] a\n- [x] b", "<ul><li><p>☐ a</p></li><li><p>☑ b</p></li></ul>"],
    [
      "items that go on",
      "1. a\n   b\n\n   c\n2. d",
      "<ol><li><p>a b</p><p>c</p></li><li><p>d</p></li></ol>",
    ],
    [
      "code in an item",
      "- a\n  ```\n  x = 1\n  ```\n- b",
      `<ul><li><p>a</p>${pre("x = 1")}</li><li><p>b</p></li></ul>`,
    ],
    ["a fence that stays open", "```\nx\n\ny", pre("x\n\ny")],
    ["headings by underlines", "A\n=\n\n**b**\n-", "<h1>A</h1><h2><strong>b</strong></h2>"],
    [
      "marks inside marks",
      "**a *b* `c*d`**",
      "<p><strong>a <em>b</em> <code>c*d</code></strong></p>",
    ],
    ["escapes", "`x` \\*no\\*", "<p><code>x</code> *no*</p>"],
    [
      "a picture",
      '![a "b"](https://a.example/p.png)',
      '<p><img src="https://a.example/p.png" alt="a &quot;b&quot;"></p>',
    ],
    ["HTML as text", "**a** <b onclick=x>", "<p><strong>a</strong> &lt;b onclick=x&gt;</p>"],
    [
      "a bar in a cell",
      "|a|\n|-|\n|x\\|y|",
      "<table><tbody><tr><th>a</th></tr><tr><td>x|y</td></tr></tbody></table>",
    ],
  ])("has %s", (_, text, html) => {
    expect(htmlOfText(text, false)).toBe(html);
  });

  it("made to cost time costs none", () => {
    const started = performance.now();
    for (const text of [
      "*a ".repeat(5_000),
      "`a` ![".repeat(5_000),
      "> ".repeat(500),
      "**a".repeat(5_000),
      "- ".repeat(400),
    ]) {
      htmlOfText(`\`x\` ${text}\n- a\n- b`, false);
    }
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
