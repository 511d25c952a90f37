import { describe, expect, it } from "vitest";
import { sourceOf, type Source } from "./sources";

const TOWER = { id: "1", name: "Tower", latitude: "38.737", longitude: "-9.139", range: "60" };

function read(text: string): Source {
  const source = sourceOf(text);
  if (typeof source === "string") {
    throw new Error(source);
  }
  return source;
}

describe("a table", () => {
  it.each([
    ["id,name,latitude,longitude,range\r\n1,Tower,38.737,-9.139,60\r\n\r\n", 2],
    ["\ufeffLat;Lon;Radius;Name;Id\n\n38,737;-9,139;60;Tower;1\n", 3],
    ['id\tname\tlat\tlng\tradious\textra\n1\t"Tower"\t38.737\t-9.139\t60\tx', 2],
  ])("has columns in any order and of several names: %j", (text, line) => {
    expect(read(text).entries).toEqual([{ place: "line", number: line, value: TOWER }]);
  });

  it("may have cells with commas, quotes and lines in them", () => {
    const { entries } = read('name,lat,lon\n"A ""great"",\nold hall",1,2\nB,3,4\n');
    expect(entries.map(({ number, value }) => [number, (value as { name: string }).name])).toEqual([
      [3, 'A "great",\nold hall'],
      [4, "B"],
    ]);
  });

  it("without ids has the names, and without radii a usual one", () => {
    const [entry] = read("name,lat,lon\nHall,1,2\n").entries;
    expect(entry?.value).toEqual({
      id: "Hall",
      name: "Hall",
      latitude: "1",
      longitude: "2",
      range: 50,
    });
  });
});

it("a map has points and the circles around shapes, and what has no name is left out", () => {
  const square = [
    [-9.14, 38.73],
    [-9.138, 38.73],
    [-9.138, 38.732],
    [-9.14, 38.732],
  ];
  const polygon = { type: "Polygon", coordinates: [square] };
  const features = [
    {
      id: 7,
      geometry: { type: "Point", coordinates: [-9.139, 38.737] },
      properties: { name: "Tower", radius: 60 },
    },
    { geometry: polygon, properties: { "@id": "way/7", name: "Block" } },
    { geometry: polygon, properties: { building: "yes" } },
  ];
  const { entries, unnamed } = read(JSON.stringify({ type: "FeatureCollection", features }));
  expect(unnamed).toBe(1);
  expect(entries.map(({ value }) => value)).toEqual([
    { id: 7, name: "Tower", latitude: 38.737, longitude: -9.139, range: 60 },
    { id: "way/7", name: "Block", latitude: 38.731, longitude: -9.139, range: 142 },
  ]);
});

it.each([
  ["{", "unknown"],
  ["Hello", "unknown"],
  ["", "unknown"],
  ["null", "no_list"],
  ['{"spaces": []}', "no_list"],
  ['{"containedSpaces": {}}', "no_list"],
  ['{"containedSpaces": []}', "empty"],
  ['{"features": []}', "empty"],
  ["name,lat\nA,1", "no_columns"],
  ["name,lat,lon\n", "empty"],
])("such as %j cannot be read", (text, problem) => {
  expect(sourceOf(text)).toBe(problem);
});
