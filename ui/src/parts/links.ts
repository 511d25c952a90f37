/** Addresses in what people write. */

export interface Piece {
  text: string;
  href?: string;
}

/**
 * What follows an address in a sentence is not part of it, and a bracket only if it was opened in it. The
 * server's `links.py` and its `links.js` have the same rule.
 */
export const LINK =
  /https?:\/\/(?:[^\s<>"()]|\([^\s<>"()]*\))*(?:[^\s<>"()'.,;:!?[\]{}»”…]|\([^\s<>"()]*\))/gi;

/** The text as it is, in pieces, those that are addresses with where they lead. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const { 0: href, index } of text.matchAll(LINK)) {
    if (index > end) {
      found.push({ text: text.slice(end, index) });
    }
    found.push({ text: href, href });
    end = index + href.length;
  }
  if (end < text.length) {
    found.push({ text: text.slice(end) });
  }
  return found;
}
