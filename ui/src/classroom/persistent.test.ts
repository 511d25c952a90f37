import { describe, expect, it } from "vitest";
import { PersistentMap } from "./persistent";

describe("a persistent map", () => {
  it("leaves the old one as it was", () => {
    const before = PersistentMap.of([["a", 1]]);
    const after = before.with("a", 2).with("b", 3).without("a");
    expect([...before]).toEqual([["a", 1]]);
    expect([...after]).toEqual([["b", 3]]);
    expect(after.size).toBe(1);
  });

  it("is the same one if nothing changes", () => {
    const map = PersistentMap.of([["a", 1]]);
    expect(map.with("a", 1)).toBe(map);
    expect(map.without("b")).toBe(map);
  });

  it("behaves as a Map does, whatever is done to it", () => {
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    const model = new Map<number, number>();
    let map = PersistentMap.of<number, number>();
    for (let step = 0; step < 5_000; step++) {
      const key = random(60);
      if (random(3) === 0) {
        model.delete(key);
        map = map.without(key);
      } else {
        model.set(key, step);
        map = map.with(key, step);
      }
      expect(map.size).toBe(model.size);
      expect(map.get(key)).toBe(model.get(key));
      expect(map.has(key)).toBe(model.has(key));
    }
    expect(new Map(map)).toEqual(model);
    expect([...map.keys()]).toHaveLength(model.size);
    expect([...map.values()]).toHaveLength(model.size);
  });

  it("keeps the place of a key whose value changes", () => {
    const map = PersistentMap.of([
      ["a", 1],
      ["b", 2],
    ]);
    expect([...map.with("a", 3).keys()]).toEqual(["a", "b"]);
  });
});
