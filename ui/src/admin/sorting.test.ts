import { describe, expect, it } from "vitest";
import { sorted, type Order } from "./sorting";

const BUILDINGS = [
  { id: "b10", name: "Hall 10", radious: 20, online: 5, bots: [] },
  { id: "b2", name: "hall 2", radious: 30, online: 0, bots: ["x"] },
  { id: "lab", name: "Physics", radious: 10, online: 5, bots: [] },
].map((building) => ({ latitude: 0, longitude: 0, ...building }));

function ids(search: string, order: Order): string[] {
  return sorted(BUILDINGS, search, order).map((building) => building.id);
}

describe("the buildings", () => {
  it("stand by name as people count", () => {
    expect(ids("", { key: "name", isDown: false })).toEqual(["b2", "b10", "lab"]);
  });

  it("stand by a number either way, equal ones by name", () => {
    expect(ids("", { key: "online", isDown: true })).toEqual(["b10", "lab", "b2"]);
    expect(ids("", { key: "online", isDown: false })).toEqual(["b2", "b10", "lab"]);
  });

  it("are found by name and by id, whatever the case", () => {
    expect(ids(" HALL ", { key: "bots", isDown: true })).toEqual(["b2", "b10"]);
    expect(ids("Lab", { key: "name", isDown: false })).toEqual(["lab"]);
  });
});
