/** The smallest way from one text to another, so that a view keeps its place and its selection. */
export interface Change {
  from: number;
  to: number;
  insert: string;
}

/** Lines `[from, to)` of the old text become `lines`. */
type Block = readonly [from: number, to: number, lines: readonly string[]];

// Beyond that the smallest change is not worth the time to find it: one large change, then.
const MOST_CELLS = 250_000;

/** Text as the views hold it: one kind of line break. */
export function normalised(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

/** What to replace, by positions in `before`, in order; only lines that differ are touched. */
export function changes(before: string, after: string): Change[] {
  const old = linesOf(before);
  const now = linesOf(after);
  const start = sameAtStart(old, now);
  const end = sameAtEnd(old, now, start);
  const blocks = differing(old.slice(start, old.length - end), now.slice(start, now.length - end));
  const offsets = offsetsOf(old);
  return blocks.map(([from, to, lines]) => {
    const position = offsets[start + from] ?? 0;
    return trimmed(before.slice(position, offsets[start + to]), lines.join(""), position);
  });
}

/** The text with the changes made. */
export function applied(before: string, made: readonly Change[]): string {
  let text = "";
  let position = 0;
  for (const { from, to, insert } of made) {
    text += before.slice(position, from) + insert;
    position = to;
  }
  return text + before.slice(position);
}

/** Each with its line break, so that together they are the text. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function offsetsOf(lines: readonly string[]): number[] {
  const offsets = [0];
  let offset = 0;
  for (const line of lines) {
    offset += line.length;
    offsets.push(offset);
  }
  return offsets;
}

function sameAtStart(old: ArrayLike<string>, now: ArrayLike<string>): number {
  const most = Math.min(old.length, now.length);
  let count = 0;
  while (count < most && old[count] === now[count]) {
    count++;
  }
  return count;
}

function sameAtEnd(old: ArrayLike<string>, now: ArrayLike<string>, start: number): number {
  const most = Math.min(old.length, now.length) - start;
  let count = 0;
  while (count < most && old[old.length - 1 - count] === now[now.length - 1 - count]) {
    count++;
  }
  return count;
}

/** The change inside the lines: what they begin and end with alike stays. */
function trimmed(old: string, now: string, position: number): Change {
  const start = sameAtStart(old, now);
  const end = sameAtEnd(old, now, start);
  return {
    from: position + start,
    to: position + old.length - end,
    insert: now.slice(start, now.length - end),
  };
}

/** The blocks between the lines that both have in common. */
function differing(old: readonly string[], now: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let [row, column] = [0, 0];
  for (const [nextRow, nextColumn] of [...common(old, now), [old.length, now.length] as const]) {
    if (nextRow > row || nextColumn > column) {
      blocks.push([row, nextRow, now.slice(column, nextColumn)]);
    }
    [row, column] = [nextRow + 1, nextColumn + 1];
  }
  return blocks;
}

/** A longest common subsequence, as pairs of places. */
function common(old: readonly string[], now: readonly string[]): [number, number][] {
  if (old.length * now.length > MOST_CELLS) {
    return [];
  }
  const longest = commonLengths(old, now);
  const width = now.length + 1;
  const pairs: [number, number][] = [];
  let [row, column] = [0, 0];
  while (row < old.length && column < now.length) {
    const here = row * width + column;
    if (old[row] === now[column]) {
      pairs.push([row++, column++]);
    } else if ((longest[here + width] ?? 0) >= (longest[here + 1] ?? 0)) {
      row++;
    } else {
      column++;
    }
  }
  return pairs;
}

/** For each pair of places: how many lines the rests from there have in common, in order. */
function commonLengths(old: readonly string[], now: readonly string[]): Uint32Array {
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  for (let row = old.length - 1; row >= 0; row--) {
    for (let column = now.length - 1; column >= 0; column--) {
      const here = row * width + column;
      longest[here] =
        old[row] === now[column]
          ? (longest[here + width + 1] ?? 0) + 1
          : Math.max(longest[here + width] ?? 0, longest[here + 1] ?? 0);
    }
  }
  return longest;
}
