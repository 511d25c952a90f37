import { expect, test } from "vitest";
import type { Day } from "../wire/generated";
import { dayOf } from "./day";
import { NOTHING, type Sample } from "./live";
import { answerOf } from "./scenes";

const EMPTY = answerOf("GET /API/admin/figures/day", "the day before its first minute");
const DAY: Day = {
  ...EMPTY,
  minutes: [60, 120, 600],
  connections: [1, 2, 3],
  memory: [null, 5, 6],
};

test("a day is its minutes, with a gap where the server was away", () => {
  const { samples } = dayOf(DAY, NOTHING);
  expect(samples.map(({ at, connections }) => [at, connections])).toEqual([
    [120, 1],
    [180, 2],
    [420, null],
    [660, 3],
  ]);
  expect(samples.map(({ memory }) => memory)).toEqual([null, 5, null, 6]);
});

test("it ends with what is known of now, and nothing is later than that", () => {
  const [known] = dayOf(DAY, NOTHING).samples;
  const now = { ...(known as Sample), at: 640, connections: 9 };
  const { samples } = dayOf(DAY, { ...NOTHING, samples: [now] });
  expect(samples.map(({ at }) => at)).toEqual([120, 180, 410, 640]);
  expect(samples.at(-1)?.connections).toBe(9);
});

test("a server that has just started has only now", () => {
  expect(dayOf(EMPTY, NOTHING).samples).toEqual([]);
});
