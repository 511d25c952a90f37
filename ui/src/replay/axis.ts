/** The line on which a history is drawn: time, but for long pauses, which are folded. Pure. */
import { firstAfter } from "./cursor";
import type { History } from "./history";

export interface Axis {
  /** From 0 to this, in milliseconds that are shown. */
  length: number;
  /** Where pauses are folded. */
  folds: readonly number[];
  placeOf(at: number): number;
  timeAt(place: number): number;
}

/** A part of the line. */
export interface Span {
  from: number;
  to: number;
}

/** A lesson's break, a night: nothing is to be seen in it. */
const FOLD_FROM_MS = 5 * 60_000;
const FOLDED_MS = 60_000;

/** `times` are when anything happened, in order. */
export function axisOf(times: readonly number[]): Axis {
  const places = [0];
  const folds: number[] = [];
  for (let index = 1; index < times.length; index++) {
    const pause = (times[index] ?? 0) - (times[index - 1] ?? 0);
    const before = places.at(-1) ?? 0;
    if (pause > FOLD_FROM_MS) {
      folds.push(before + FOLDED_MS / 2);
    }
    places.push(before + (pause > FOLD_FROM_MS ? FOLDED_MS : pause));
  }
  return {
    length: places.at(-1) ?? 0,
    folds,
    placeOf: (at) => carried(times, places, at),
    timeAt: (place) => carried(places, times, place),
  };
}

/** How much was written in each of so many equal parts of the line, the most being 1. */
export function barsOf({ edits }: History, axis: Axis, count: number): number[] {
  const written = new Array<number>(count).fill(0);
  for (const { at, removed, inserted } of edits) {
    const bar = Math.min(count - 1, Math.floor((axis.placeOf(at) / (axis.length || 1)) * count));
    // The thousandth letter of a paste says less than the tenth that is typed.
    written[bar] = (written[bar] ?? 0) + Math.log2(2 + removed + inserted.length);
  }
  const most = Math.max(1, ...written);
  return written.map((amount) => amount / most);
}

/** The parts of which one state a minute was kept. */
export function thinnedSpans({ edits }: History, axis: Axis): Span[] {
  const spans: Span[] = [];
  let isOpen = false;
  for (const { at, isThinned } of edits) {
    const place = axis.placeOf(at);
    const open = spans.at(-1);
    if (isThinned && isOpen && open !== undefined) {
      open.to = place;
    } else if (isThinned) {
      spans.push({ from: place, to: place });
    }
    isOpen = isThinned;
  }
  return spans;
}

/** From one scale to another, by straight lines between points that belong together. */
function carried(from: readonly number[], to: readonly number[], value: number): number {
  const behind = Math.min(firstAfter(from, value), from.length - 1);
  const before = Math.max(0, behind - 1);
  const [low, high] = [from[before] ?? 0, from[behind] ?? 0];
  const [start, end] = [to[before] ?? 0, to[behind] ?? 0];
  const share = high > low ? Math.max(0, Math.min(1, (value - low) / (high - low))) : 0;
  return start + share * (end - start);
}
