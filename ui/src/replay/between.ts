/** The least change between two texts: `gone` was at `from`, where the new one has what is up to `to`. */
export interface Change {
  from: number;
  to: number;
  gone: string;
}

/** Undefined for texts that are the same. No character is divided. */
export function between(before: string, after: string): Change | undefined {
  if (before === after) {
    return undefined;
  }
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before.charCodeAt(head) === after.charCodeAt(head)) {
    head++;
  }
  head -= head > 0 && isFirstHalf(before.charCodeAt(head - 1)) ? 1 : 0;
  let tail = 0;
  while (tail < most - head && unitFromEnd(before, tail) === unitFromEnd(after, tail)) {
    tail++;
  }
  tail -= tail > 0 && isSecondHalf(unitFromEnd(before, tail - 1)) ? 1 : 0;
  return { from: head, to: after.length - tail, gone: before.slice(head, before.length - tail) };
}

function unitFromEnd(text: string, place: number): number {
  return text.charCodeAt(text.length - 1 - place);
}

// UTF-16: two halves are one character.

function isFirstHalf(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isSecondHalf(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
