import { describe, expect, it } from "vitest";
import type { BuildingOverview } from "../wire/generated";
import { campusOf, exampleText, readCampus, type Preview } from "./campusfile";
import { answerOf } from "./scenes";

const TOWER = { id: "1", name: "Tower", latitude: 38.7, longitude: -9.1, range: 60 };

const [PRESENT] = answerOf("GET /API/admin/buildings/show/all", "a day at school");

/** One that the server has, of the other's size and place. */
function building(id: string, name: string): BuildingOverview {
  const there = { latitude: TOWER.latitude, longitude: TOWER.longitude, radious: TOWER.range };
  return { ...(PRESENT as BuildingOverview), ...there, id, name };
}

function read(spaces: unknown, present: BuildingOverview[] = []): Preview {
  const preview = readCampus(JSON.stringify({ containedSpaces: spaces }), present);
  if (typeof preview === "string") {
    throw new Error(preview);
  }
  return preview;
}

describe("a campus file", () => {
  it("shows what is new, changed, and as it is", () => {
    const spaces = [TOWER, { ...TOWER, id: "2" }, { ...TOWER, id: 3 }];
    const preview = read(spaces, [building("2", "Old"), building("3", "Tower")]);
    expect(preview.added.map((space) => space.id)).toEqual(["1"]);
    expect(preview.changed.map((space) => space.id)).toEqual(["2"]);
    expect(preview.same).toBe(1);
    expect(preview.faults).toEqual([]);
  });

  it.each([{ name: "Old" }, { latitude: 1 }, { longitude: 1 }, { range: 1 }])(
    "changes a building by %j alone",
    (change) => {
      const preview = read([{ ...TOWER, ...change }], [building("1", "Tower")]);
      expect(preview.changed).toHaveLength(1);
    },
  );

  it("may have numbers written as texts, and more than is needed", () => {
    const preview = read([{ ...TOWER, latitude: "38.7", floors: 9 }], [building("1", "Tower")]);
    expect(preview).toMatchObject({ same: 1, faults: [] });
    expect(preview.file.containedSpaces).toEqual([TOWER]);
  });

  it("may begin with a byte order mark", () => {
    expect(readCampus(`\ufeff${exampleText()}`, [])).toMatchObject({ faults: [] });
  });

  it.each([
    [{ ...TOWER, latitude: 91 }, "latitude", "latitude"],
    [{ ...TOWER, longitude: "west" }, "longitude", "longitude"],
    [{ ...TOWER, range: null }, "radius", "radius"],
    [{ ...TOWER, name: " " }, "name", "empty"],
    [{ ...TOWER, id: undefined }, "entry", "shape"],
    ["Tower", "entry", "shape"],
  ])("names the entry that is wrong: %j", (entry, field, problem) => {
    const faults = read([{ ...TOWER, id: "0" }, entry]).faults;
    expect(faults).toEqual([expect.objectContaining({ number: 2, field, problem })]);
  });

  it("must not have an id twice, also as a number and a text", () => {
    const faults = read([TOWER, { ...TOWER, id: 1 }]).faults;
    expect(faults).toEqual([
      { place: "entry", number: 2, name: "Tower", field: "id", problem: "twice" },
    ]);
  });

  it("of the present buildings changes nothing", () => {
    const present = [building("1", "Tower"), building("2", "Library")];
    expect(readCampus(campusOf(present), present)).toMatchObject({
      added: [],
      changed: [],
      same: 2,
      faults: [],
    });
  });
});
