import { describe, expect, it } from "vitest";
import { newKey } from "./keys";

describe("the key of a message", () => {
  it("is short, and another each time", () => {
    const keys = new Set(Array.from({ length: 100 }, newKey));
    expect(keys.size).toBe(100);
    expect([...keys].every((key) => key.length > 8 && key.length <= 64)).toBe(true);
  });
});
