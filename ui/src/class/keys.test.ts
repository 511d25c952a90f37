import { describe, expect, it } from "vitest";
import { newKey, Unconfirmed } from "./keys";

describe("the key of a message", () => {
  it("is short, and another each time", () => {
    const keys = new Set(Array.from({ length: 100 }, newKey));
    expect(keys.size).toBe(100);
    expect([...keys].every((key) => key.length > 8 && key.length <= 64)).toBe(true);
  });

  it("stays while nobody knows what became of the message", () => {
    const unconfirmed = new Unconfirmed();
    const key = unconfirmed.keyOf(1, "hi");
    expect(unconfirmed.keyOf(1, "hi")).toBe(key);
    expect(unconfirmed.keyOf(2, "hi")).not.toBe(key);
  });

  it("is a new one for other words, and after the message was settled", () => {
    const unconfirmed = new Unconfirmed();
    const key = unconfirmed.keyOf(1, "hi");
    unconfirmed.settle(1);
    const next = unconfirmed.keyOf(1, "hi");
    expect(next).not.toBe(key);
    expect(unconfirmed.keyOf(1, "hello")).not.toBe(next);
  });
});
