// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { asOurs, asQuill, lostTags } from "./quill";
import { richElements, richText } from "./richtext";

/** What the page shows of a task. */
function shown(html: string): HTMLElement {
  const element = document.createElement("div");
  richText(html)(element);
  return element;
}

function ours(html: string): string {
  const element = document.createElement("div");
  element.innerHTML = html;
  asOurs(element);
  return element.innerHTML;
}

describe("a task's text in the page", () => {
  it.each([
    ["<script>x</script><p>a</p>", "<p>a</p>"],
    ['<p onclick="x">a</p>', '<p data-onclick="x">a</p>'],
    ["<iframe></iframe><form><input></form>b", "b"],
    [
      '<img src="data:image/png;base64,AA" alt="x">',
      '<img src="data:image/png;base64,AA" alt="x">',
    ],
    ['<img src="data:text/html,x" alt="x">', '<img alt="x">'],
  ])("holds nothing that does something: %s", (html, expected) => {
    expect(shown(html).innerHTML).toBe(expected);
  });

  it.each(["javascript:x", " java\tscript:x", "VBScript:x", "data:text/html,x"])(
    "has no link to %j",
    (address) => {
      const link = document.createElement("a");
      link.setAttribute("href", address);
      expect(shown(link.outerHTML).querySelector("a")?.hasAttribute("href")).toBe(false);
    },
  );

  it("opens its links beside the class, which they learn nothing of", () => {
    const link = shown('<a href="https://example.org">x</a>').querySelector("a");
    expect([link?.target, link?.rel]).toEqual(["_blank", "noopener noreferrer"]);
  });

  it("has its headings below those of the page, as far apart as they were, with their levels", () => {
    const headings = [...shown("<h1>a</h1><h3>b</h3><h6>c</h6>").children];
    expect(headings.map(({ tagName }) => tagName)).toEqual(["H3", "H5", "H6"]);
    expect(headings.map((each) => each.getAttribute("data-level"))).toEqual(["1", "3", "6"]);
  });

  it("has wide tables that scroll, and pictures that a screen reader passes over", () => {
    const page = shown("<table></table><img src='x.png'>");
    expect(page.querySelector(".wide[tabindex='0'] > table")).not.toBeNull();
    expect(page.querySelector("img")?.alt).toBe("");
  });

  it("keeps its colours, and marks those that stand on the page's own sheet", () => {
    const page = richElements(
      '<p style="color: red">a</p><p style="color: red; background-color: blue">b</p>',
    );
    const [own, other] = [...page.querySelectorAll("p")];
    expect([own?.style.color, own?.hasAttribute("data-ink")]).toEqual(["red", true]);
    expect([other?.style.backgroundColor, other?.hasAttribute("data-ink")]).toEqual([
      "blue",
      false,
    ]);
  });
});

describe("what the editor writes", () => {
  it.each([
    ["<ul><li><p>a</p></li></ul>", "<ul><li>a</li></ul>"],
    [
      "<ol><li><p>a</p><ul><li><p>b</p></li></ul></li></ol>",
      "<ol><li>a<ul><li>b</li></ul></li></ol>",
    ],
    ["<table><tr><td><p>a</p></td></tr></table>", "<table><tr><td>a</td></tr></table>"],
    ["<ul><li><p>a</p><p>b</p></li></ul>", "<ul><li><p>a</p><p>b</p></li></ul>"],
    ["<p></p>", "<p><br></p>"],
  ])("goes out as Quill has it: %s", (html, expected) => {
    expect(asQuill(html)).toBe(expected);
  });
});

describe("what Quill writes", () => {
  it.each([
    ['<ol><li data-list="bullet">a</li></ol>', '<ul><li data-list="bullet">a</li></ul>'],
    ['<ol><li data-list="ordered">a</li></ol>', '<ol><li data-list="ordered">a</li></ol>'],
    ["<p><br></p>", "<p></p>"],
    ["<p>a<br></p>", "<p>a<br></p>"],
    [
      '<div class="ql-code-block-container"><div class="ql-code-block">a</div>' +
        '<div class="ql-code-block">  b</div></div>',
      "<pre>a\n  b</pre>",
    ],
  ])("comes in as the editor has it: %s", (html, expected) => {
    expect(ours(html)).toBe(expected);
  });

  it("is named if the editor does not know it, and not if it only writes it otherwise", () => {
    const element = document.createElement("div");
    element.innerHTML = "<div><b>a</b><video></video><i>b</i></div>";
    expect(lostTags(element, "<p><strong>a</strong><em>b</em></p>")).toEqual(["video"]);
  });
});
