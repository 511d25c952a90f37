/** What a program has printed and drawn, of all that it said. Pure. */
import { OUTPUT_LIMIT, type Piece, type Said, type Shape } from "./messages";

export interface Transcript {
  readonly pieces: readonly Piece[];
  /** Characters of the middle that are not here. */
  readonly leftOut: number;
  /** How many pieces come before the middle; those after it are replaced by each newer end. */
  readonly headLength: number;
}

const SHAPES_LIMIT = 20_000;

/** The output with what was said since. */
export function extended(before: Transcript, said: readonly Said[]): Transcript {
  let head = before.pieces.slice(0, before.headLength);
  let tail = before.pieces.slice(before.headLength);
  let { leftOut } = before;
  let room = OUTPUT_LIMIT - lengthOf(head);
  for (const each of said) {
    if (each.kind === "output") {
      // A program can say more than its worker would let it print.
      head = joined(head, { ...each.piece, text: each.piece.text.slice(0, room) });
      room -= Math.min(room, each.piece.text.length);
    } else if (each.kind === "tail") {
      ({ leftOut } = each);
      tail = [...each.pieces];
    }
  }
  return { pieces: [...head, ...tail], leftOut, headLength: head.length };
}

/** The drawing with what was drawn since: a turtle is where it was seen last. */
export function drawn(before: { readonly shapes: readonly Shape[] }, said: readonly Said[]) {
  const news = said.flatMap((each) => (each.kind === "drew" ? [each.shape] : []));
  if (news.length === 0) {
    return {};
  }
  let shapes = [...before.shapes];
  let turtles = new Map<number, Shape>();
  for (const shape of news) {
    if (shape.kind === "turtle" || shape.kind === "hidden") {
      turtles.set(shape.id, shape);
    } else if (shape.kind === "clear") {
      shapes = shapes.filter(({ kind }) => kind === "background");
      turtles = new Map();
    } else {
      shapes.push(shape);
    }
  }
  const isOld = (shape: Shape) => shape.kind === "turtle" && turtles.has(shape.id);
  const seen = [...turtles.values()].filter(({ kind }) => kind === "turtle");
  return { shapes: [...shapes.filter((shape) => !isOld(shape)), ...seen].slice(-SHAPES_LIMIT) };
}

function joined(pieces: readonly Piece[], piece: Piece): Piece[] {
  const last = pieces.at(-1);
  if (piece.text === "") {
    return [...pieces];
  }
  return last?.stream === piece.stream
    ? [...pieces.slice(0, -1), { ...last, text: last.text + piece.text }]
    : [...pieces, piece];
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { text }) => sum + text.length, 0);
}
