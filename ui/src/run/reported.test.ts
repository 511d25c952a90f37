import { expect, it } from "vitest";
import { reported } from "./reported";

const SHOWN = {
  filename: "main.py",
  pieces: [
    { stream: "out", text: "x".repeat(5_000) },
    { stream: "error", text: "end" },
  ],
  leftOut: 0,
  headLength: 2,
  shapes: [],
  fault: undefined,
} as const;
const fault = { kind: "ZeroDivisionError", message: "division by zero", line: 3, source: "1 / 0" };

it("a run is reported with the end of what it printed, and with its fault", () => {
  const report = reported({ id: "r", ms: 12, state: "failed", shown: { ...SHOWN, fault } });
  expect(report?.output).toHaveLength(4_096);
  expect(report?.output?.endsWith("xend")).toBe(true);
  expect(report).toMatchObject({
    run: "r",
    filename: "main.py",
    state: "failed",
    ms: 12,
    error: { kind: "ZeroDivisionError", message: "division by zero", line: 3 },
  });
});

it("a program that waits for an answer runs", () => {
  expect(reported({ id: "r", ms: 1, state: "asks", shown: SHOWN })?.state).toBe("running");
});

it.each([
  ["before it has begun", "r", "loading"],
  ["while checks run", "", "checking"],
  ["of which there was none", "", "lost"],
] as const)("nothing is reported %s", (_, id, state) => {
  expect(reported({ id, ms: 1, state, shown: SHOWN })).toBeUndefined();
});
