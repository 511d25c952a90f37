import { describe, expect, test } from "vitest";
import {
  metresBetween,
  parseDegrees,
  parseMetres,
  parsePair,
  rounded,
  roundedMetres,
  shortened,
  stepped,
} from "./places";

describe("degrees", () => {
  test.each([
    ["38.7368", 38.7368],
    [" 38,7368 ", 38.7368],
    ["-9.1387", -9.1387],
    ["−9,1387", -9.1387],
    ["9.1387° W", -9.1387],
    ["38.7 N", 38.7],
    ["12 S", -12],
    [".5", 0.5],
    ["0", 0],
  ])("%j is %d", (text, degrees) => {
    expect(parseDegrees(text)).toBeCloseTo(degrees, 9);
  });

  test.each(["", "east", "1.2.3", "1e5", "38,7,3", "--1", "0x10", "Infinity"])(
    "%j is no number",
    (text) => {
      expect(parseDegrees(text)).toBeNaN();
    },
  );

  test.each(["38.7368, -9.1387", "38.7368,-9.1387", "38,7368; -9,1387", "38.7368 -9.1387"])(
    "%j are both of them",
    (text) => {
      expect(parsePair(text)).toEqual({ latitude: 38.7368, longitude: -9.1387 });
    },
  );

  test.each(["38,7368", "38.7368", "", "91, 0", "1, 2, 3", "a, b"])("%j is no pair", (text) => {
    expect(parsePair(text)).toBeUndefined();
  });

  test("more digits than a hand can set are dropped", () => {
    expect(rounded({ latitude: 38.73712345678, longitude: -9.00000001 })).toEqual({
      latitude: 38.737123,
      longitude: -9,
    });
  });
});

describe("metres", () => {
  test("a degree along a meridian is 111.2 km", () => {
    const metres = metresBetween({ latitude: 0, longitude: 9 }, { latitude: 1, longitude: 9 });
    expect(metres).toBeCloseTo(111_195, -1);
  });

  test("they are counted across the antimeridian, and to the other side of the Earth", () => {
    const near = metresBetween(
      { latitude: 0, longitude: 179.9 },
      { latitude: 0, longitude: -179.9 },
    );
    expect(near).toBeLessThan(23_000);
    const far = metresBetween({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 });
    expect(far).toBeCloseTo(20_015_115, -2);
  });

  test.each([
    ["50", 50],
    ["1 500", 1500],
    ["1,5 m", 1.5],
    ["0", 0],
    ["-5", NaN],
    ["", NaN],
    ["far", NaN],
  ])("%j is %d", (text, metres) => {
    expect(parseMetres(text)).toEqual(metres);
  });

  test.each([
    [47.3, 47],
    [123, 120],
    [4567, 4600],
    [98_765, 99_000],
  ])("%d is shown as %d", (metres, shown) => {
    expect(roundedMetres(metres)).toBe(shown);
  });

  test("keys step up and down and stay within the limits", () => {
    expect(stepped(50, 1, 1000)).toBe(55);
    expect(stepped(5, 1, 1000)).toBe(6);
    expect(stepped(100, -1, 1000)).toBe(90);
    expect(stepped(990, 1, 1000)).toBe(1000);
    expect(stepped(0, -1, 1000)).toBe(0);
    for (let metres = 0, before = -1; metres < 1000; metres = stepped(metres, 1, 1000)) {
      expect(metres).toBeGreaterThan(before);
      before = metres;
    }
  });
});

describe("a label", () => {
  test("is shown whole if it is short", () => {
    expect(shortened("Torre Norte · 3")).toBe("Torre Norte · 3");
  });

  test("loses its middle if it is long, and no half of a sign", () => {
    const label = shortened("🏫".repeat(60) + " · 12");
    expect([...label]).toHaveLength(32);
    expect(label).toMatch(/^(🏫)+…(🏫)+ · 12$/u);
  });
});
