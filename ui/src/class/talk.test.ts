import { describe, expect, it } from "vitest";
import { dayOf, pieces, timeText } from "./talk";

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

describe("the time of a message", () => {
  it("is that of the reader's clock", () => {
    const at = new Date(2026, 4, 1, 9, 5).toISOString();
    expect(timeText(at, "ru")).toBe("09:05");
    expect(dayOf(at)).toBe("2026-4-1");
  });

  it("is not shown if nobody knows it", () => {
    expect(timeText("12:00", "en")).toBe("");
    expect(dayOf("12:00")).toBe("");
  });
});
