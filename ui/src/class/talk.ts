/** What a conversation shows, as plain functions. */

/** A private message between the teacher and a student; `id` sorts by time. */
export interface Message {
  id: number;
  sender: number;
  content: string;
  /** ISO 8601. */
  at: string;
}

export interface Piece {
  text: string;
  href?: string;
}

const LINK = /\bhttps?:\/\/[^\s<>"]+/gi;
// What ends a sentence, and not an address.
const TRAILING = /[.,;:!?'»”…]+$/;

/** The text as it is, in pieces, those that are addresses with where they lead. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const href = trimmed(match[0]);
    if (match.index > end) {
      found.push({ text: text.slice(end, match.index) });
    }
    found.push({ text: href, href });
    end = match.index + href.length;
  }
  if (end < text.length) {
    found.push({ text: text.slice(end) });
  }
  return found;
}

function trimmed(address: string): string {
  const plain = address.replace(TRAILING, "");
  // A closing bracket belongs to the address if it was opened in it.
  return plain.endsWith(")") && !plain.includes("(") ? trimmed(plain.slice(0, -1)) : plain;
}

/** The day of a message in the visitor's calendar: where it changes, the conversation says so. */
export function dayOf(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime())
    ? ""
    : `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

export function timeText(at: string, language: string): string {
  return formatted(at, language, { hour: "2-digit", minute: "2-digit" });
}

export function dayText(at: string, language: string): string {
  return formatted(at, language, { weekday: "long", day: "numeric", month: "long" });
}

function formatted(at: string, language: string, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString(language, options);
}
