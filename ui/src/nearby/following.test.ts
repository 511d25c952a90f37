import { expect, test } from "vitest";
import { isWorthTelling, type Fix } from "./following";

const BEFORE: Fix = { latitude: 38.737, longitude: -9.139, accuracy: 20, at: 1_000_000 };

test.each<[string, Partial<Fix>, boolean]>([
  ["the same place", { at: BEFORE.at + 5_000 }, false],
  ["five metres on", { latitude: BEFORE.latitude + 0.000045 }, false],
  ["eleven metres on", { latitude: BEFORE.latitude + 0.0001 }, true],
  ["half a minute later", { at: BEFORE.at + 30_000 }, true],
  ["known much better", { accuracy: 9 }, true],
  ["known a little better", { accuracy: 15 }, false],
])("%s is worth telling or not", (_, change, isWorth) => {
  expect(isWorthTelling(BEFORE, { ...BEFORE, ...change })).toBe(isWorth);
});

test("the first place is worth telling", () => {
  expect(isWorthTelling(undefined, BEFORE)).toBe(true);
});
