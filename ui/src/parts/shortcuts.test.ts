// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";
import { asksForSheet, shortcutsOf } from "./shortcuts";

const pressed = (shortcut: { keys: readonly string[] }) => shortcut.keys.join("+");

describe("the sheet of keys", () => {
  it("has those of every page, and after them those of the page that is shown", () => {
    expect(shortcutsOf("admin").map(pressed)).toEqual(["?", "Esc"]);
    expect(shortcutsOf("chat").map(pressed)).toEqual(["?", "Esc", "Enter", "Shift+Enter"]);
  });

  it("says one thing of each", () => {
    for (const page of ["classroom", "student", "chat", "nearby"]) {
      const texts = shortcutsOf(page).map(({ text }) => text);
      expect(new Set(texts).size).toBe(texts.length);
    }
  });
});

describe("a question mark", () => {
  beforeEach(() => {
    document.body.innerHTML =
      "<p>text</p><input><textarea></textarea><select></select>" +
      "<div contenteditable><b>bold</b></div><button></button>";
  });

  it.each([
    ["p", true],
    ["button", true],
    ["input", false],
    ["textarea", false],
    ["select", false],
    // Inside of what is edited.
    ["b", false],
  ])("that is pressed in <%s> asks for the sheet: %s", (where, asks) => {
    const found = document.querySelector(where);
    const event = new KeyboardEvent("keydown", { key: "?", bubbles: true });
    found?.dispatchEvent(event);
    expect(asksForSheet(event)).toBe(asks);
  });

  it("that something else has taken asks for nothing, nor does another key", () => {
    const taken = new KeyboardEvent("keydown", { key: "?", cancelable: true });
    taken.preventDefault();
    expect(asksForSheet(taken)).toBe(false);
    expect(asksForSheet(new KeyboardEvent("keydown", { key: "/" }))).toBe(false);
  });
});
