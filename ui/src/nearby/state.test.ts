import { describe, expect, test } from "vitest";
import type { MapBuilding } from "../map/places";
import { answerTo, aroundIn } from "./scenes";
import {
  begin,
  buildingOf,
  neighbours,
  recipients,
  reduce,
  whereaboutOf,
  type Event,
  type State,
} from "./state";

const CAMPUS = answerTo("show/buildings", "Ana comes into the tower") as MapBuilding[];
const TOWER = CAMPUS.find(({ name }) => name === "Tower") as MapBuilding;
const HERE = { latitude: 38.737, longitude: -9.139, source: "hand" } as const;

function after(...events: Event[]): State {
  return events.reduce(reduce, begin({ rangeM: 50 }));
}

describe("people", () => {
  // Bob is in the building and in range, Cid is across the street: in range alone.
  const around = aroundIn("Bob comes beside her, and Cid is across the street");

  test("stand once, with where they are", () => {
    expect(neighbours(after(around))).toEqual([
      { id: "bob", isInBuilding: true, isInRange: true, isChosen: false },
      { id: "cid", isInBuilding: false, isInRange: true, isChosen: false },
    ]);
  });

  test("who were chosen stay when they walk away", () => {
    const state = after(
      around,
      { type: "chosen", id: "bob", isChosen: true },
      aroundIn("Bob walks away"),
    );
    expect(neighbours(state)).toEqual([
      { id: "bob", isInBuilding: false, isInRange: false, isChosen: true },
      { id: "cid", isInBuilding: false, isInRange: true, isChosen: false },
    ]);
    expect(recipients(state)).toEqual(["bob"]);
  });

  test("are written to by range, by building, or one by one", () => {
    const state = after(around);
    expect(recipients(state)).toEqual(["bob", "cid"]);
    expect(recipients(reduce(state, { type: "aimed", target: "building" }))).toEqual(["bob"]);
    const both = after(
      around,
      { type: "chosen", id: "cid", isChosen: true },
      { type: "chosen", id: "bob", isChosen: true },
      { type: "chosen", id: "cid", isChosen: true },
    );
    expect(recipients(both)).toEqual(["bob", "cid"]);
  });

  test("the last one who is not chosen any more leaves the message to the range", () => {
    const state = after(
      around,
      { type: "chosen", id: "cid", isChosen: true },
      { type: "chosen", id: "cid", isChosen: false },
    );
    expect([state.target, state.chosen]).toEqual(["range", []]);
  });

  test("an answer goes to its sender alone", () => {
    const state = after(
      around,
      { type: "chosen", id: "cid", isChosen: true },
      { type: "answering", id: "bob" },
    );
    expect(recipients(state)).toEqual(["bob"]);
  });
});

describe("places", () => {
  test("a click on the map can be taken back, what was typed not", () => {
    const clicked = { latitude: 1, longitude: 1, source: "map" } as const;
    const state = after({ type: "placed", spot: HERE }, { type: "placed", spot: clicked });
    expect(state.spotBefore).toEqual(HERE);
    expect(reduce(state, { type: "undone" })).toMatchObject({ spot: HERE, spotBefore: undefined });
    expect(reduce(state, { type: "placed", spot: HERE }).spotBefore).toBeUndefined();
  });

  test("the building is the nearest one of that name", () => {
    const far = { ...TOWER, id: "2", latitude: 38.8 };
    const state = after(
      { type: "placed", spot: HERE },
      { type: "mapped", buildings: [far, TOWER] },
      {
        type: "housed",
        name: answerTo("update/coordinates", "Ana comes into the tower") as string,
      },
    );
    expect(buildingOf(state)).toEqual(TOWER);
  });

  test("outside of all buildings there is none", () => {
    const state = after(
      { type: "mapped", buildings: [TOWER] },
      {
        type: "housed",
        name: answerTo("update/coordinates", "the tower is pulled down") as string,
      },
    );
    expect(state.building).toBe("");
    expect(buildingOf(state)).toBeUndefined();
  });
});

describe("who is around", () => {
  const open: Event = { type: "linked", link: "open" };
  const lost: Event = { type: "linked", link: "lost" };
  const around = aroundIn("Bob comes beside her, and Cid is across the street");

  test.each([
    ["before the server has said it", [open], "unknown"],
    ["when it has", [open, around], "here"],
    ["without a connection", [open, around, lost], "unknown"],
    ["over the next one, before it is said anew", [open, around, lost, open], "unknown"],
    ["by an answer that comes after the end", [open, lost, around], "unknown"],
    ["when it is said anew", [open, around, lost, open, around], "here"],
  ])("is known or not %s", (_, events, where) => {
    const { isAroundKnown } = after(...events);
    const bob = { id: "bob", isInBuilding: true, isInRange: false, isChosen: false };
    expect(whereaboutOf(bob, isAroundKnown)).toBe(where);
  });

  test.each([
    [true, true, "both"],
    [false, true, "near"],
    [false, false, "gone"],
  ])("are in the building (%s), in range (%s): %s", (isInBuilding, isInRange, where) => {
    const bob = { id: "bob", isInBuilding, isInRange, isChosen: false };
    expect(whereaboutOf(bob, true)).toBe(where);
  });
});

test("a session that is over has ended the connection", () => {
  expect(after({ type: "linked", link: "open" }, { type: "over" })).toMatchObject({
    isOver: true,
    link: "ended",
  });
});
