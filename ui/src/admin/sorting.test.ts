import { describe, expect, it } from "vitest";
import { answerOf } from "./scenes";
import { sorted, type Order } from "./sorting";

// Somebody is in Hall 10, and two bots are in the other hall.
const BUILDINGS = answerOf("GET /API/admin/buildings/show/all", "a day at school");

function ids(search: string, order: Order): string[] {
  return sorted(BUILDINGS, search, order).map((building) => building.id);
}

describe("the buildings", () => {
  it("stand by name as people count", () => {
    expect(ids("", { key: "name", isDown: false })).toEqual(["b2", "b10", "3"]);
  });

  it("stand by a number either way, equal ones by name", () => {
    expect(ids("", { key: "online", isDown: true })).toEqual(["b10", "b2", "3"]);
    expect(ids("", { key: "online", isDown: false })).toEqual(["b2", "3", "b10"]);
  });

  it("are found by name and by id, whatever the case", () => {
    expect(ids(" HALL ", { key: "bots", isDown: true })).toEqual(["b2", "b10"]);
    expect(ids("B1", { key: "name", isDown: false })).toEqual(["b10"]);
  });
});
