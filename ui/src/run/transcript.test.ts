import { describe, expect, it } from "vitest";
import { OUTPUT_LIMIT, type Piece, type Said, type Shape } from "./messages";
import { Output } from "./sandbox/output";
import { drawn, extended } from "./transcript";

const EMPTY = { pieces: [] as Piece[], leftOut: 0, headLength: 0 };

/** What a page shows of what a program prints, one write each millisecond. */
function shown(writes: readonly (readonly [Piece["stream"], string])[]) {
  const said: Said[] = [];
  let now = 0;
  const output = new Output(
    (each) => said.push(each),
    () => (now += 1),
  );
  for (const [stream, text] of writes) {
    output.write(stream, text);
  }
  output.flush();
  return { said, ...extended(EMPTY, said) };
}

const textOf = (pieces: readonly Piece[]) => pieces.map(({ text }) => text).join("");

describe("an output", () => {
  it("is shown as it was printed, each stream by itself", () => {
    const { pieces } = shown([
      ["out", "a"],
      ["out", "b\n"],
      ["error", "c"],
      ["out", "d"],
    ]);
    expect(pieces).toEqual([
      { stream: "out", text: "ab\n" },
      { stream: "error", text: "c" },
      { stream: "out", text: "d" },
    ]);
  });

  it.each([17, 99, 5_000, 40_000])("lacks its middle when it is long, in writes of %i", (size) => {
    const length = 300_000;
    const whole = Array.from({ length }, (_, at) => String(at % 10)).join("");
    const writes = Array.from({ length: Math.ceil(length / size) }, (_, at) => {
      return ["out", whole.slice(at * size, (at + 1) * size)] as const;
    });
    const { pieces, leftOut, headLength } = shown(writes);
    const head = textOf(pieces.slice(0, headLength));
    const tail = textOf(pieces.slice(headLength));
    expect(head).toBe(whole.slice(0, OUTPUT_LIMIT / 2));
    expect(tail).toBe(whole.slice(-OUTPUT_LIMIT / 2));
    expect(head.length + leftOut + tail.length).toBe(length);
  });

  it("tells its newest end four times a second, however much comes", () => {
    const line = ["out", `${"x".repeat(99)}\n`] as const;
    const { said } = shown(Array.from({ length: 5_000 }, () => line));
    expect(said.filter(({ kind }) => kind === "tail").length).toBeLessThan(25);
  });

  it("is no longer than it may be, whatever a program says past its worker", () => {
    const piece = { stream: "out", text: "x".repeat(OUTPUT_LIMIT) } as const;
    const { pieces } = extended(EMPTY, [
      { kind: "output", piece },
      { kind: "output", piece },
    ]);
    expect(textOf(pieces).length).toBe(OUTPUT_LIMIT);
  });
});

describe("a drawing", () => {
  const line: Shape = { kind: "line", points: [0, 0, 1, 1], colour: "red", width: 1 };
  const turtle = (x: number): Shape => {
    return { kind: "turtle", id: 0, x, y: 0, heading: 0, colour: "black" };
  };
  const said = (...shapes: Shape[]) => shapes.map((shape): Said => ({ kind: "drew", shape }));

  it("has each turtle where it was seen last, over what was drawn", () => {
    const first = drawn({ shapes: [] }, said(turtle(1), line, turtle(2)));
    expect(first.shapes).toEqual([line, turtle(2)]);
    expect(drawn({ shapes: first.shapes ?? [] }, said(line, turtle(3))).shapes).toEqual([
      line,
      line,
      turtle(3),
    ]);
  });

  it("is empty after it was wiped, but for its background and turtles that are shown", () => {
    const background: Shape = { kind: "background", colour: "blue" };
    const shapes = [background, line];
    const news = said({ kind: "clear" }, turtle(4), { kind: "hidden", id: 0 });
    expect(drawn({ shapes }, news).shapes).toEqual([background]);
  });
});
