// @vitest-environment jsdom
import { mount, unmount } from "svelte";
import { describe, expect, it } from "vitest";
import Linked from "./Linked.svelte";
import { pieces } from "./links";

describe("the pieces of a message", () => {
  it.each([
    ["no link", [{ text: "no link" }]],
    ["", []],
    [
      "see https://example.org/a?b=1#c, please",
      [
        { text: "see " },
        { text: "https://example.org/a?b=1#c", href: "https://example.org/a?b=1#c" },
        { text: ", please" },
      ],
    ],
    [
      "(http://example.org/x)",
      [
        { text: "(" },
        { text: "http://example.org/x", href: "http://example.org/x" },
        { text: ")" },
      ],
    ],
    [
      "https://example.org/f_(x)",
      [{ text: "https://example.org/f_(x)", href: "https://example.org/f_(x)" }],
    ],
    ["javascript:alert(1)", [{ text: "javascript:alert(1)" }]],
  ])("of %j", (text, expected) => {
    expect(pieces(text)).toEqual(expected);
  });

  it("together are the message", () => {
    const text = "a https://a.example/ b\nhttps://b.example/.\n";
    expect(
      pieces(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
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
