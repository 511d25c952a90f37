/** Where somebody is in a history, and where they get to by steps and by playing. Pure. */
import type { History } from "./history";
import type { Moment } from "./moments";

export interface Cursor {
  /** So many edits were made. */
  index: number;
  /** The time that is shown: not before that of the last of them. */
  at: number;
}

/** A pause lasts no longer when it is played. */
const PAUSE_MS = 1_000;

/** When anything happened, in order, each time once. */
export function timesOf({ edits, marks }: History): number[] {
  return [...new Set([...edits, ...marks].map(({ at }) => at))].sort((a, b) => a - b);
}

/** `times` are those of `timesOf`, here and below. */
export function firstOf(times: readonly number[]): Cursor {
  return { index: 0, at: times[0] ?? 0 };
}

export function lastOf({ edits }: History, times: readonly number[]): Cursor {
  return { index: edits.length, at: times.at(-1) ?? 0 };
}

/** At a time: all edits until then were made. */
export function cursorAt({ edits }: History, at: number): Cursor {
  return { index: upTo(edits, at), at };
}

/** So many edits further, or back. */
export function stepped({ edits }: History, cursor: Cursor, by: number): Cursor {
  const index = Math.max(0, Math.min(edits.length, cursor.index + by));
  return index === cursor.index ? cursor : { index, at: edits[Math.max(0, index - 1)]?.at ?? 0 };
}

/** The next moment, or the one before; where there is none, the place stays. */
export function leapt(moments: readonly Moment[], cursor: Cursor, by: 1 | -1): Cursor {
  const side = (moment: Moment): number => moment.at - cursor.at || moment.index - cursor.index;
  const found =
    by > 0
      ? moments.find((moment) => side(moment) > 0)
      : moments.findLast((moment) => side(moment) < 0);
  return found ? { index: found.index, at: found.at } : cursor;
}

/** Where playing gets to in so many milliseconds. */
export function played(
  history: History,
  times: readonly number[],
  cursor: Cursor,
  ms: number,
): Cursor {
  let { at } = cursor;
  let left = ms;
  let place = firstAfter(times, at);
  for (; place < times.length && left > 0; place++) {
    const next = times[place] ?? at;
    const pause = next - (times[place - 1] ?? next);
    const rate = Math.max(1, pause / PAUSE_MS);
    const takes = (next - at) / rate;
    at = takes <= left ? next : at + left * rate;
    left -= takes;
  }
  return cursorAt(history, at);
}

/** How many are not later. */
function upTo(edits: readonly { at: number }[], at: number): number {
  return search(edits.length, (place) => (edits[place]?.at ?? 0) > at);
}

export function firstAfter(times: readonly number[], at: number): number {
  return search(times.length, (place) => (times[place] ?? 0) > at);
}

/** The first place for which it is true; it is so for all behind. */
function search(length: number, isBehind: (place: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBehind(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
