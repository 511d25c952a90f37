// @vitest-environment jsdom
import { mount, unmount } from "svelte";
import { describe, expect, it } from "vitest";
import CASES from "../../../tests/links.json";
import { partsOf } from "../chat/text";
import Linked from "./Linked.svelte";
import { pieces } from "./links";

// Node's own modules, of which the application's types know nothing.
const FILES: string = "node:fs";
const CONTEXTS: string = "node:vm";
const { readFileSync } = (await import(FILES)) as {
  readFileSync: (path: string, encoding: "utf8") => string;
};
const { runInThisContext } = (await import(CONTEXTS)) as {
  runInThisContext: (script: string) => unknown;
};
const script = readFileSync("../src/quad/alert/static/links.js", "utf8");
const piecesOfServer = runInThisContext(`${script}; quadPieces`) as (text: string) => string[];

describe("the pieces of a message", () => {
  it.each(CASES)("of $text hold its addresses, and are the whole of it", ({ text, links }) => {
    const found = pieces(text);
    expect(found.flatMap((piece) => piece.href ?? [])).toEqual(links);
    expect(found.map((piece) => piece.text).join("")).toBe(text);
  });

  it.each(CASES)("of $text are the same on the server's own pages", ({ text, links }) => {
    const found = piecesOfServer(text);
    expect(found.filter((_, index) => index % 2 === 1)).toEqual(links);
    expect(found.join("")).toBe(text);
  });

  it.each(CASES)("of $text are the same in a chat", ({ text, links }) => {
    const found = partsOf(text).filter((part) => part.type === "link");
    expect(found.map((part) => part.text)).toEqual(links);
  });
});

describe("a text with addresses", () => {
  it("is shown as it is, and each address can be followed", () => {
    const text = "two  blanks\nhttps://a.example/ and (https://b.example/x).";
    const shown = mount(Linked, { target: document.body, props: { text } });
    expect(document.body.textContent).toBe(text);
    const links = [...document.querySelectorAll("a")].map((link) => link.href);
    expect(links).toEqual(["https://a.example/", "https://b.example/x"]);
    void unmount(shown);
  });
});
