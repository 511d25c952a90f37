/** Looking for words in what this browser has kept. */
import type { Message } from "./model";
import { folded, inOneLine } from "./text";

/** So many messages are shown, the newest. */
export const MOST_FOUND = 50;
/** Of a long text so much is shown before the place, and behind it. */
const BEFORE = 30;
const BEHIND = 90;

/** The newest of the messages that hold all of the words. */
export function matching(messages: readonly Message[], query: string): Message[] {
  const words = wordsOf(query);
  return words.length === 0
    ? []
    : messages
        .filter(({ text }) => holds(text, words))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, MOST_FOUND);
}

/** Whether a text holds all words of a query. */
export function isMatch(text: string, query: string): boolean {
  const words = wordsOf(query);
  return words.length > 0 && holds(text, words);
}

/** What is around the first word that was looked for: before it, it, and behind it. */
export function excerpt(text: string, query: string): readonly [string, string, string] {
  const line = inOneLine(text);
  const [word = ""] = wordsOf(query);
  // Letter by letter, for without its accent a letter may be shorter.
  const letters = [...line];
  const foldedLetters = letters.map(folded);
  const start = placeOf(foldedLetters, word);
  if (start === undefined) {
    return [letters.slice(0, BEFORE + BEHIND).join(""), "", ""];
  }
  let end = start;
  for (let found = ""; found.length < word.length && end < letters.length; end++) {
    found += foldedLetters[end] ?? "";
  }
  const from = Math.max(0, start - BEFORE);
  return [
    (from > 0 ? "…" : "") + letters.slice(from, start).join(""),
    letters.slice(start, end).join(""),
    letters.slice(end, end + BEHIND).join("") + (end + BEHIND < letters.length ? "…" : ""),
  ];
}

function wordsOf(query: string): string[] {
  return folded(query)
    .split(/\s+/)
    .filter((word) => word !== "");
}

function holds(text: string, words: readonly string[]): boolean {
  const plain = folded(text);
  return words.every((word) => plain.includes(word));
}

function placeOf(letters: readonly string[], word: string): number | undefined {
  const at = letters.join("").indexOf(word);
  if (at < 0) {
    return undefined;
  }
  let length = 0;
  return letters.findIndex((letter) => (length += letter.length) > at);
}
