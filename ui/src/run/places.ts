/** Places in files that an output names, such as those of a traceback. Pure. */
import type { Piece } from "./messages";

export interface Part {
  readonly text: string;
  readonly place?: { readonly filename: string; readonly line: number };
}

/** As Python's tracebacks say it. A folder before the name is the one that the program ran in. */
const PLACE = /File "(?:\/home\/student\/)?([^"\n]{1,200})", line (\d{1,6})/g;

/** What was printed, in parts; only files of the project are places. */
export function linked({ stream, text }: Piece, names: readonly string[]): Part[] {
  if (stream !== "error") {
    return [{ text }];
  }
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(PLACE)) {
    const [whole, filename = "", line] = match;
    if (names.includes(filename)) {
      parts.push({ text: text.slice(end, match.index) });
      parts.push({ text: whole, place: { filename, line: Number(line) } });
      end = match.index + whole.length;
    }
  }
  return [...parts, { text: text.slice(end) }];
}
