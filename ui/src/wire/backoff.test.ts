import { describe, expect, it } from "vitest";
import { Backoff } from "./backoff";

describe("waiting before the next attempt", () => {
  it("doubles up to the ceiling", () => {
    const backoff = new Backoff(500, 4_000, () => 1);
    expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([500, 1_000, 2_000, 4_000, 4_000]);
  });

  it("is spread over the upper half of the step", () => {
    expect(new Backoff(500, 4_000, () => 0).next()).toBe(250);
    expect(new Backoff(500, 4_000, () => 0.5).next()).toBe(375);
  });

  it("begins anew after a success", () => {
    const backoff = new Backoff(500, 4_000, () => 1);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(500);
  });
});
