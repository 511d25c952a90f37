// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Desk } from "./editing";
import type { Command, PictureInText } from "./richeditor";

const PIXEL = "data:image/png;base64,iVBORw0KGgo=";

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.close());

describe("what is loaded", () => {
  it("is no change, and nothing that can be undone", () => {
    desk.editor.load("<p>Read.</p>");
    expect(desk.area.textContent).toBe("Read.");
    expect([desk.written, desk.editor.canUndo]).toEqual([[], false]);
  });

  it("says what an edit would lose of it", () => {
    const html = "<p>a <b>b</b></p><video></video><p><kbd>c</kbd></p>";
    expect(desk.editor.load(html)).toEqual(["video", "kbd"]);
  });
});

describe("a button", () => {
  it.each<[Command, string]>([
    ["bold", "<p><strong>a</strong></p>"],
    ["italic", "<p><em>a</em></p>"],
    ["underline", "<p><u>a</u></p>"],
    ["strike", "<p><s>a</s></p>"],
    ["code", "<p><code>a</code></p>"],
    ["bulletList", "<ul><li>a</li></ul>"],
    ["orderedList", "<ol><li>a</li></ol>"],
    ["blockquote", "<blockquote><p>a</p></blockquote>"],
    ["codeBlock", '<pre class="ql-syntax" spellcheck="false">a</pre>'],
  ])("makes it %s, and pressed again not", (command, html) => {
    desk.select("<p>a</p>").editor.run(command);
    expect(desk.html).toBe(html);
    expect(desk.editor.is(command)).toBe(true);
    desk.editor.run(command);
    expect(desk.html).toBe("<p>a</p>");
  });

  it("is undone, and done again", () => {
    desk.select("<p>a</p>").editor.run("bold");
    desk.editor.run("undo");
    expect([desk.html, desk.editor.canRedo]).toEqual(["<p>a</p>", true]);
    desk.editor.run("redo");
    expect(desk.html).toBe("<p><strong>a</strong></p>");
  });

  it("makes a heading of any level, or a paragraph again", () => {
    desk.select("<p>a</p>").editor.setHeading(3);
    expect(desk.html).toBe("<h3>a</h3>");
    desk.editor.setHeading(0);
    expect(desk.html).toBe("<p>a</p>");
  });
});

describe("a link", () => {
  const HREF = "https://example.org/";
  const link = (text: string) =>
    `<p><a target="_blank" rel="noopener noreferrer" href="${HREF}">${text}</a></p>`;

  it("is set on what is selected, and taken away without an address", () => {
    desk.select("<p>a</p>").editor.setLink(HREF);
    expect([desk.html, desk.editor.link]).toEqual([link("a"), HREF]);
    desk.editor.setLink("");
    expect([desk.html, desk.editor.link]).toEqual(["<p>a</p>", ""]);
  });

  it("is its own text where nothing is selected", () => {
    desk.editor.load("<p></p>");
    desk.editor.setLink(HREF);
    expect(desk.html).toBe(link(HREF));
  });
});

describe("a colour", () => {
  it("joins what was there, and goes alone", () => {
    const sized = '<p><span style="font-size: 20px;">a</span></p>';
    desk.select(sized).editor.setColour("red");
    expect(desk.html).toBe('<p><span style="font-size: 20px; color: red;">a</span></p>');
    desk.editor.setColour(undefined);
    expect(desk.html).toBe(sized);
  });

  it("was all there was: nothing of it stays", () => {
    desk.select("<p>a</p>").editor.setColour("red");
    desk.editor.setColour(undefined);
    expect(desk.html).toBe("<p>a</p>");
  });
});

describe("a picture", () => {
  const png = new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47])], { type: "image/png" });

  it("from a file is asked what it shows, and gets that", async () => {
    desk.editor.load("<p></p>");
    await desk.editor.addPictures([png]);
    const [[found] = []] = desk.undescribed;
    expect(found?.src).toMatch(/^data:image\/png;base64,/);
    expect(desk.html).toContain('alt=""');
    desk.editor.describe([{ ...(found as PictureInText), alt: "A dot" }]);
    expect(desk.html).toContain('alt="A dot"');
  });

  it("of a file that is none is lost, and that is said", async () => {
    vi.stubGlobal("createImageBitmap", () => Promise.reject(new Error("no picture")));
    desk.editor.load("<p>a</p>");
    await desk.editor.addPictures([new Blob(["x"], { type: "image/tiff" })]);
    expect(desk.lost).toHaveBeenCalledWith(1);
    expect(desk.area.querySelector("img:not(.ProseMirror-separator)")).toBeNull();
    vi.unstubAllGlobals();
  });

  it("by its address may be described at once", () => {
    desk.editor.load("<p></p>");
    desk.editor.addImage(PIXEL, "A dot");
    expect(desk.html).toBe(`<p><img src="${PIXEL}" alt="A dot"></p>`);
    expect(desk.undescribed).toEqual([]);
  });
});

describe("the Tab key", () => {
  it("is four spaces in code, and leaves after Escape", () => {
    desk.editor.load("<pre>a</pre>");
    expect(desk.press("Tab")).toBe(true);
    expect(desk.html).toContain(">a    </pre>");
    desk.press("Escape");
    expect(desk.press("Tab")).toBe(false);
    expect(desk.press("Tab")).toBe(true);
  });

  it("leaves a paragraph", () => {
    desk.select("<p>a</p>");
    expect(desk.press("Tab")).toBe(false);
  });
});
