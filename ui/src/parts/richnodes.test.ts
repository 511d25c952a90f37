// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Desk } from "./editing";

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.close());

/** What is written of a text when something behind it is changed. */
function rewritten(html: string): string {
  desk.select(`${html}<p>end</p>`);
  desk.editor.run("bold");
  desk.editor.run("bold");
  return (desk.html ?? "").replace(/<p>end<\/p>$/, "");
}

describe("what Quill wrote", () => {
  it.each([
    ['<p class="ql-align-center">a</p>'],
    ['<p style="text-align: right;">a</p>'],
    ['<ul><li class="ql-indent-1">a</li></ul>'],
    ['<p><span class="ql-size-large">a</span></p>'],
    ['<p><span style="color: red; background-color: blue;">a</span></p>'],
    ["<p>H<sub>2</sub>O, x<sup>2</sup></p>"],
    ['<p><img src="https://example.org/a.png" alt=""></p>'],
    ['<pre class="ql-syntax" spellcheck="false">a = 1\nb</pre>'],
    ['<ol><li data-list="checked">a</li></ol>'],
  ])("stays: %s", (html) => {
    expect(rewritten(html)).toBe(html);
  });

  it.each([
    ['<p class="MsoNormal ql-align-center">a</p>', '<p class="ql-align-center">a</p>'],
    ['<p style="position: fixed; text-align: right">a</p>', '<p style="text-align: right;">a</p>'],
    ['<p><span class="x">a</span></p>', "<p>a</p>"],
    ['<p><span class="ql-ui">a</span></p>', "<p>a</p>"],
    [
      '<p><img src="https://example.org/a.png"></p>',
      '<p><img src="https://example.org/a.png" alt=""></p>',
    ],
  ])("is the rest of %s", (html, expected) => {
    expect(rewritten(html)).toBe(expected);
  });
});

it("a heading stands below those of the page, and keeps its level in the HTML", () => {
  expect(rewritten('<h1 class="ql-align-center">a</h1><h5>b</h5>')).toBe(
    '<h1 class="ql-align-center">a</h1><h5>b</h5>',
  );
  const shown = [...desk.area.querySelectorAll<HTMLElement>("h1, h2, h3, h4, h5, h6")];
  expect(shown.map(({ tagName, dataset }) => [tagName, dataset["level"]])).toEqual([
    ["H3", "1"],
    ["H6", "5"],
  ]);
  expect(shown[0]?.className).toBe("ql-align-center");
});
