/** Room numbers as people type them: with spaces or dashes between, or as the whole link. */
const IN_LINK = /\/classroom\/(\d+)\/?$/;
const LARGEST = 2 ** 31 - 1;

/** The number in the address of a room, which nobody types with dashes: `-1` and `000001` are none. */
export function roomInPath(text: string): number | undefined {
  return /^[1-9]\d*$/.test(text) ? roomOf(text) : undefined;
}

/** The number of a room, or undefined if this is none. */
export function roomOf(text: string): number | undefined {
  const digits = IN_LINK.exec(text.trim())?.[1] ?? text.replace(/[\s\-.]/g, "");
  if (!/^\d{1,10}$/.test(digits)) {
    return undefined;
  }
  const number = Number(digits);
  return number > 0 && number <= LARGEST ? number : undefined;
}
