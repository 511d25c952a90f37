import { expect, it } from "vitest";
import { excerpt, isMatch, matching, MOST_FOUND } from "./finding";
import type { Message } from "./model";

function said(...texts: string[]): Message[] {
  return texts.map((text, index) => ({
    id: String(index).padStart(4, "0"),
    chat: "team",
    from: "222",
    name: "Ben",
    at: index,
    text,
  }));
}

const texts = (messages: Message[]) => messages.map(({ text }) => text);

it("finds messages with all words, whatever their accents and capitals, the newest first", () => {
  const messages = said("Lunch in São Paulo", "sao tome", "PAULO, São", "no");
  expect(texts(matching(messages, "são paulo"))).toEqual(["PAULO, São", "Lunch in São Paulo"]);
});

it("finds nothing for nothing", () => {
  expect(matching(said("a"), "  ")).toEqual([]);
  expect(isMatch("a", "")).toBe(false);
});

it("shows so many and no more", () => {
  expect(matching(said(...Array<string>(80).fill("x")), "x")).toHaveLength(MOST_FOUND);
});

it.each([
  ["all of it", "of", ["all ", "of", " it"]],
  ["Über São Paulo", "sao", ["Über ", "São", " Paulo"]],
  [
    "x".repeat(50) + " word " + "y".repeat(100),
    "word",
    ["…" + "x".repeat(29) + " ", "word", " " + "y".repeat(89) + "…"],
  ],
  ["two\nlines", "lines", ["two ", "lines", ""]],
  ["words apart", "apart words", ["words ", "apart", ""]],
  ["🙂🙂 here", "here", ["🙂🙂 ", "here", ""]],
])("shows what is around: %j for %j", (text, query, around) => {
  expect(excerpt(text, query)).toEqual(around);
});
