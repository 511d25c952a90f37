import { expect, it } from "vitest";
import { againAfterS } from "./later";

it.each([
  ["rate_limited", 7, 7],
  ["store_unavailable", undefined, 5],
  ["unavailable", undefined, 5],
  // Until tomorrow, perhaps: that is for people to know.
  ["quota_reached", 4_380, undefined],
  ["too_large", undefined, undefined],
])("what is declined as %s (%s s) is asked again after %s s", (code, retryAfterS, expected) => {
  expect(againAfterS(code, retryAfterS)).toBe(expected);
});
