import { describe, expect, it } from "vitest";
import { planOf, type Draft } from "./plan";

const LIBRARY: Draft = {
  id: "lib",
  name: "Library",
  latitude: "38.7371",
  longitude: "-9.1391",
  radius: "60",
};

describe("a building's form", () => {
  it("becomes a building", () => {
    expect(planOf(LIBRARY, []).plan).toEqual({
      id: "lib",
      name: "Library",
      latitude: 38.7371,
      longitude: -9.1391,
      radious: 60,
    });
  });

  it("takes numbers as people write them, without the spaces around", () => {
    const draft = { id: " lib ", name: " Library ", latitude: "38,7371° N", longitude: "9.1391 W" };
    expect(planOf({ ...draft, radius: "1 500 m" }, []).plan).toEqual({
      id: "lib",
      name: "Library",
      latitude: 38.7371,
      longitude: -9.1391,
      radious: 1500,
    });
  });

  it.each<[Partial<Draft>, object]>([
    [{ id: " " }, { id: "empty" }],
    [{ id: "x".repeat(129) }, { id: "long" }],
    [{ id: "taken" }, { id: "taken" }],
    [{ name: "" }, { name: "empty" }],
    [{ name: "𝒳".repeat(201) }, { name: "long" }],
    [{ name: "a\u2028b" }, { name: "controls" }],
    [{ latitude: "91" }, { latitude: "latitude" }],
    [
      { latitude: "", longitude: "west" },
      { latitude: "latitude", longitude: "longitude" },
    ],
    [{ longitude: "-180.5" }, { longitude: "longitude" }],
    [{ radius: "-1" }, { radius: "radius" }],
    [{ radius: "30000000" }, { radius: "radius" }],
  ])("says what is wrong with %j", (change, problems) => {
    expect(planOf({ ...LIBRARY, ...change }, ["taken"])).toEqual({ problems });
  });

  it("counts characters as the server does", () => {
    expect(planOf({ ...LIBRARY, name: "𝒳".repeat(200) }, []).plan).toBeDefined();
  });
});
