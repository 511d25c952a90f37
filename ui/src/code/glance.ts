/**
 * Colours for a few lines of code in whatever language: words, texts, numbers and comments, as they are
 * alike nearly everywhere. A parser for a hundred tiles that change each second would cost frames, and
 * knows nothing of a text that begins in its middle.
 */
export type Kind = "comment" | "string" | "number" | "keyword" | "plain";

export interface Token {
  readonly text: string;
  readonly kind: Kind;
}

const KEYWORDS = new Set(
  (
    "and as assert async await bool boolean break case catch char class const continue def default " +
    "del delete do double elif else enum except export extends false False final finally float fn " +
    "for from func function global if implements import in instanceof int interface is lambda let " +
    "match new nil None nonlocal not null or package pass private protected public raise return " +
    "self static string struct super switch this throw throws true True try type var void while " +
    "with yield"
  ).split(" "),
);
const COMMENT = String.raw`(?<![^\s;{}()])(?:#|//).*$|/\*.*?(?:\*/|$)`;
const STRING = String.raw`"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\x60(?:[^\x60\\]|\\.)*\x60?`;
const TOKEN = new RegExp(
  `(?<comment>${COMMENT})|(?<string>${STRING})|(?<number>\\b\\d[\\w.]*)|(?<word>[\\p{L}_$][\\p{L}\\p{N}_$]*)`,
  "gu",
);

/** A line, cut where its colour changes; put together again, it is the line. */
export function tokensOf(line: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const found of line.matchAll(TOKEN)) {
    const kind = kindOf(found.groups ?? {});
    if (kind !== "plain") {
      if (found.index > end) {
        tokens.push({ text: line.slice(end, found.index), kind: "plain" });
      }
      tokens.push({ text: found[0], kind });
      end = found.index + found[0].length;
    }
  }
  return end < line.length ? [...tokens, { text: line.slice(end), kind: "plain" }] : tokens;
}

function kindOf(groups: Record<string, string | undefined>): Kind {
  const { comment, string, number, word } = groups;
  if (comment !== undefined) {
    return "comment";
  }
  if (string !== undefined) {
    return "string";
  }
  if (number !== undefined) {
    return "number";
  }
  return word !== undefined && KEYWORDS.has(word) ? "keyword" : "plain";
}
