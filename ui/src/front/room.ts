/** Room numbers as people type them: with spaces or dashes between, or as the whole link. */
const IN_LINK = /\/classroom\/(\d+)\/?$/;
const LARGEST = 2 ** 31 - 1;

/** The number of a room, or undefined if this is none. */
export function roomOf(text: string): number | undefined {
  const digits = IN_LINK.exec(text.trim())?.[1] ?? text.replace(/[\s\-.]/g, "");
  if (!/^\d{1,10}$/.test(digits)) {
    return undefined;
  }
  const number = Number(digits);
  return number > 0 && number <= LARGEST ? number : undefined;
}
