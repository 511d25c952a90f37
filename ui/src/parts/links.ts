/** Addresses in what people write. */

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
