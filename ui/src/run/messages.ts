/**
 * What the page and the frame of running programs say to each other.
 *
 * The page trusts nothing that comes back: a program can say anything in the frame's name. `heard` makes of
 * it one of these values, with texts that are cut, or nothing.
 */
import type { ProjectFile } from "../student/project";

export type Language = "python" | "javascript";
export type Stream = "out" | "error" | "input";

/** One program, from its beginning to its end. */
export interface Program {
  readonly language: Language;
  /** The file that is run; the others lie beside it. */
  readonly filename: string;
  readonly files: readonly ProjectFile[];
  /** Lines typed before it asks for any. */
  readonly input: readonly string[];
  /** Whether somebody is there to be asked, once those are used up. */
  readonly isInteractive: boolean;
  /** What is run after the file, among its names: a check. */
  readonly after?: string | undefined;
}

/** What the page says. */
export type Order =
  | {
      readonly kind: "python";
      /** Where `pyodide.asm.mjs` is, in full, with a slash at its end. */
      readonly folder: string;
      readonly worker: string;
      readonly wasm: ArrayBuffer;
      readonly library: ArrayBuffer;
    }
  | { readonly kind: "javascript"; readonly worker: string }
  /** `isFresh`: in an interpreter of its own; else in that of the program before. */
  | { readonly kind: "run"; readonly program: Program; readonly isFresh: boolean }
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "stop" };

/** What went wrong in a program, and where: the last line of its own files that was running. */
export interface Fault {
  readonly kind: string;
  readonly message: string;
  readonly filename?: string | undefined;
  readonly line?: number | undefined;
  /** That line. */
  readonly source?: string | undefined;
}

export interface Piece {
  readonly stream: Stream;
  readonly text: string;
}

/** What a turtle draws: y grows upwards, (0, 0) is the middle. */
export type Shape =
  | { readonly kind: "line"; readonly points: readonly number[]; colour: string; width: number }
  | { readonly kind: "fill"; readonly points: readonly number[]; colour: string }
  | { readonly kind: "dot"; x: number; y: number; size: number; colour: string }
  | { readonly kind: "text"; x: number; y: number; size: number; colour: string; text: string }
  | { readonly kind: "turtle"; id: number; x: number; y: number; heading: number; colour: string }
  | { readonly kind: "hidden"; id: number }
  | { readonly kind: "background"; colour: string }
  | { readonly kind: "clear" };

/** What the frame says. */
export type Said =
  /** An interpreter waits for the next program. */
  | { readonly kind: "ready" }
  /** There is none, and there will be none. */
  | { readonly kind: "broken"; readonly why: string }
  /** The program that was ordered runs now: until then its interpreter was starting. */
  | { readonly kind: "begun" }
  | { readonly kind: "output"; readonly piece: Piece }
  /** The newest end of a long output, after `leftOut` characters that nobody sees. */
  | { readonly kind: "tail"; readonly leftOut: number; readonly pieces: readonly Piece[] }
  | { readonly kind: "asks" }
  | { readonly kind: "drew"; readonly shape: Shape }
  | { readonly kind: "ended"; readonly fault?: Fault | undefined }
  | { readonly kind: "stopped" };

/** Characters of an output that are kept, of its beginning and of its end together. */
export const OUTPUT_LIMIT = 64 * 1024;
const SHORT = 2_000;
const POINTS_LIMIT = 20_000;
const FARTHEST = 1e6;
const STREAMS: readonly unknown[] = ["out", "error", "input"];
const COLOUR =
  /^(#[0-9a-f]{3}|#[0-9a-f]{6}|[a-z]{3,30}[0-9]{0,3}|rgb\(\d{1,3}, \d{1,3}, \d{1,3}\))$/i;

type Fields = Record<string, unknown>;

/** What a stranger said, or nothing if the page would not know what to do with it. */
export function heard(value: unknown): Said | undefined {
  const said = fieldsOf(value);
  switch (said?.["kind"]) {
    case "ready":
    case "begun":
    case "asks":
    case "stopped":
      return { kind: said["kind"] };
    case "broken":
      return { kind: "broken", why: textOf(said["why"], SHORT) };
    case "output":
      return { kind: "output", piece: pieceOf(said["piece"]) };
    case "tail":
      return { kind: "tail", leftOut: countOf(said["leftOut"]), pieces: piecesOf(said["pieces"]) };
    case "drew":
      return drawn(said["shape"]);
    case "ended":
      return { kind: "ended", fault: faultOf(said["fault"]) };
    default:
      return undefined;
  }
}

/** Something like a shape as a shape, with what is wrong in it replaced. */
export function shapeOf(value: unknown): Shape | undefined {
  const shape = fieldsOf(value) ?? {};
  const number = (name: string) => numberOf(shape[name]);
  const at = { x: number("x"), y: number("y") };
  const colour = colourOf(shape["colour"]);
  const size = Math.min(Math.abs(number("size")), 10_000);
  switch (shape["kind"]) {
    case "line": {
      const width = Math.min(Math.abs(number("width")), 1_000);
      return { kind: "line", points: pointsOf(shape["points"]), colour, width };
    }
    case "fill":
      return { kind: "fill", points: pointsOf(shape["points"]), colour };
    case "dot":
      return { kind: "dot", ...at, size, colour };
    case "text":
      return { kind: "text", ...at, size, colour, text: textOf(shape["text"], SHORT) };
    case "turtle":
      return { kind: "turtle", ...at, id: number("id"), heading: number("heading"), colour };
    case "hidden":
      return { kind: "hidden", id: number("id") };
    case "background":
      return { kind: "background", colour };
    case "clear":
      return { kind: "clear" };
    default:
      return undefined;
  }
}

function drawn(value: unknown): Said | undefined {
  const shape = shapeOf(value);
  return shape && { kind: "drew", shape };
}

function faultOf(value: unknown): Fault | undefined {
  const fault = fieldsOf(value);
  if (fault === undefined) {
    return undefined;
  }
  const line = countOf(fault["line"]);
  return {
    kind: textOf(fault["kind"], 100),
    message: textOf(fault["message"], SHORT),
    filename: textOf(fault["filename"], 200) || undefined,
    line: line > 0 ? line : undefined,
    source: textOf(fault["source"], SHORT) || undefined,
  };
}

function piecesOf(value: unknown): Piece[] {
  let room = OUTPUT_LIMIT;
  const pieces = Array.isArray(value) ? value.slice(-OUTPUT_LIMIT).map(pieceOf) : [];
  return pieces.filter(({ text }) => (room -= text.length) >= 0);
}

function pieceOf(value: unknown): Piece {
  const piece = fieldsOf(value) ?? {};
  const stream = STREAMS.includes(piece["stream"]) ? (piece["stream"] as Stream) : "out";
  return { stream, text: textOf(piece["text"], OUTPUT_LIMIT) };
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

function textOf(value: unknown, limit: number): string {
  return typeof value === "string" ? value.slice(0, limit) : "";
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function numberOf(value: unknown): number {
  const number = typeof value === "number" && Number.isFinite(value) ? value : 0;
  return Math.max(-FARTHEST, Math.min(FARTHEST, number));
}

function pointsOf(value: unknown): number[] {
  return Array.isArray(value) ? value.slice(0, POINTS_LIMIT).map(numberOf) : [];
}

function colourOf(value: unknown): string {
  return typeof value === "string" && COLOUR.test(value) ? value : "black";
}
