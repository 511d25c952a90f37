import { describe, expect, it } from "vitest";
import { heard, OUTPUT_LIMIT } from "./messages";

describe("what the frame says", () => {
  it.each([undefined, null, 5, "ended", [], {}, { kind: "run" }, { kind: 1 }, { kind: "drew" }])(
    "is nothing if it is none of ours: %j",
    (value) => expect(heard(value)).toBeUndefined(),
  );

  it("is text, as long as a text may be, and never anything else", () => {
    const long = "x".repeat(2 * OUTPUT_LIMIT);
    expect(heard({ kind: "output", piece: { stream: "html", text: long } })).toEqual({
      kind: "output",
      piece: { stream: "out", text: "x".repeat(OUTPUT_LIMIT) },
    });
    expect(heard({ kind: "output", piece: { stream: "error", text: { toString: "" } } })).toEqual({
      kind: "output",
      piece: { stream: "error", text: "" },
    });
  });

  it("has no line that is no number of a line", () => {
    for (const line of [-1, 0, 1.5, NaN, Infinity, "2", {}]) {
      const said = heard({ kind: "ended", fault: { kind: "E", message: "m", line } });
      expect(said).toMatchObject({ fault: { kind: "E", message: "m", line: undefined } });
    }
  });

  it("draws with numbers and colours alone", () => {
    const colour = 'red" onload="alert(1)';
    const shape = { kind: "line", points: [1, "2", NaN, 1e99], colour, width: -3 };
    expect(heard({ kind: "drew", shape })).toEqual({
      kind: "drew",
      shape: { kind: "line", points: [1, 0, 0, 1e6], colour: "black", width: 3 },
    });
  });

  it("has an end that is no longer than an output", () => {
    const piece = { stream: "out", text: "x".repeat(40_000) };
    const said = heard({ kind: "tail", leftOut: 7, pieces: [piece, piece, piece] });
    expect(said).toEqual({ kind: "tail", leftOut: 7, pieces: [piece] });
  });
});
