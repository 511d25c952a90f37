/**
 * Where the names of buildings stand on the map: beside their buildings, in nobody's way. A name that
 * finds no room stays away until one zooms in; what it belongs to is drawn all the same.
 */

/** In pixels, from the upper left corner. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Label {
  id: string;
  /** The middle of the building. */
  x: number;
  y: number;
  /** How far from there its drawing reaches. */
  reach: number;
  width: number;
  height: number;
  /** The higher the earlier it may choose. */
  rank: number;
}

/** From the middle of the building to the middle of its name. */
export interface Shift {
  x: number;
  y: number;
}

export const GAP_PX = 4;

/** The shift of each name that has room between the obstacles. */
export function placed(
  labels: readonly Label[],
  obstacles: readonly Box[],
  view: Box,
): Map<string, Shift> {
  const taken = [...obstacles];
  const shifts = new Map<string, Shift>();
  const order = [...labels].sort((a, b) => b.rank - a.rank || a.id.localeCompare(b.id));
  for (const label of order.filter((each) => holds(view, each))) {
    const shift = candidates(label)
      .map((each) => kept(each, label, view))
      .find((each) => !taken.some((other) => meet(boxOf(label, each), other)));
    if (shift !== undefined) {
      taken.push(boxOf(label, shift));
      shifts.set(label.id, shift);
    }
  }
  return shifts;
}

/** Two lines where one would be long, broken between words near the middle. */
export function wrapped(text: string, longest: number): string {
  if (text.length <= longest) {
    return text;
  }
  const middle = text.length / 2;
  const blanks = [...text.matchAll(/ /g)].map(({ index }) => index);
  const best = blanks.reduce<number | undefined>(
    (nearest, each) =>
      nearest === undefined || Math.abs(each - middle) < Math.abs(nearest - middle)
        ? each
        : nearest,
    undefined,
  );
  return best === undefined ? text : `${text.slice(0, best)}\n${text.slice(best + 1)}`;
}

/** In its middle, above, below, at its sides, and at its corners, the best first. */
function candidates({ reach, width, height }: Label): Shift[] {
  const inside = height / 2 + 12;
  const far = reach + height / 2 + GAP_PX;
  const aside = reach + width / 2 + GAP_PX;
  return [
    ...(reach > height / 2 ? [{ x: 0, y: 0 }] : []),
    ...(reach > height + inside ? [-inside, inside].map((y) => ({ x: 0, y })) : []),
    { x: 0, y: -far },
    { x: 0, y: far },
    { x: aside, y: 0 },
    { x: -aside, y: 0 },
    ...[-far, far].flatMap((y) => [aside, -aside].map((x) => ({ x: x * 0.7, y }))),
  ];
}

/** The same, moved so that nothing is cut off at the edge. */
function kept(shift: Shift, label: Label, view: Box): Shift {
  const { left, top, right, bottom } = boxOf(label, shift);
  const x = Math.max(0, view.left - left) - Math.max(0, right - view.right);
  const y = Math.max(0, view.top - top) - Math.max(0, bottom - view.bottom);
  return { x: shift.x + x, y: shift.y + y };
}

function boxOf({ x, y, width, height }: Label, shift: Shift): Box {
  return {
    left: x + shift.x - width / 2,
    right: x + shift.x + width / 2,
    top: y + shift.y - height / 2,
    bottom: y + shift.y + height / 2,
  };
}

function holds(view: Box, { x, y }: Label): boolean {
  return x >= view.left && x <= view.right && y >= view.top && y <= view.bottom;
}

export function meet(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
