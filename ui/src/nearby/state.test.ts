import { describe, expect, test } from "vitest";
import { begin, buildingOf, neighbours, recipients, reduce, type Event, type State } from "./state";
import type { Told } from "../wire/generated";

const TOWER = { id: "1", name: "Tower", latitude: 38.737, longitude: -9.139, radious: 60 };
const HERE = { latitude: 38.737, longitude: -9.139, source: "hand" } as const;

function after(...events: Event[]): State {
  return events.reduce(reduce, begin({ rangeM: 50 }));
}

function told(second: number, id: string, message: string): Told {
  return { timestamp: `2024-05-17 12:00:${String(second).padStart(2, "0")}`, id, message };
}

function texts(state: State): string[] {
  return state.messages.map((each) => each.text);
}

describe("messages", () => {
  const A = told(1, "bob", "a");
  const B = told(2, "bob", "b");
  const C = told(3, "cid", "c");

  test("stand in the order in which they came, with their times and senders", () => {
    const state = after({ type: "heard", messages: [A, B] }, { type: "heard", messages: [C] });
    expect(state.messages).toEqual([
      { number: 1, from: "bob", text: "a", at: Date.UTC(2024, 4, 17, 12, 0, 1) },
      { number: 2, from: "bob", text: "b", at: Date.UTC(2024, 4, 17, 12, 0, 2) },
      { number: 3, from: "cid", text: "c", at: Date.UTC(2024, 4, 17, 12, 0, 3) },
    ]);
  });

  test("are shown once when the server tells them again after a lost connection", () => {
    const state = after(
      { type: "heard", messages: [A, B] },
      { type: "entered" },
      { type: "heard", messages: [A, B, C] },
    );
    expect(texts(state)).toEqual(["a", "b", "c"]);
  });

  test("are shown once after a reload, too", () => {
    const { messages } = after({ type: "heard", messages: [A, B] });
    const reloaded = begin({ rangeM: 50, messages });
    expect(texts(reduce(reloaded, { type: "heard", messages: [B, C] }))).toEqual(["a", "b", "c"]);
  });

  test("that somebody says twice are shown twice", () => {
    const state = after({ type: "heard", messages: [A, A] }, { type: "heard", messages: [A] });
    expect(texts(state)).toEqual(["a", "a", "a"]);
    const again = [{ type: "entered" }, { type: "heard", messages: [A, A, A, A] }] as const;
    expect(texts(again.reduce<State>(reduce, state))).toEqual(["a", "a", "a", "a"]);
  });

  test("of one's own are never taken for those of others", () => {
    const to = { target: "range", names: ["bob"] } as const;
    const state = after(
      { type: "sent", text: "a", to, at: Date.UTC(2024, 4, 17, 12, 0, 1) },
      { type: "entered" },
      { type: "heard", messages: [A] },
    );
    expect(texts(state)).toEqual(["a", "a"]);
  });

  test("are unread as long as nobody looks", () => {
    const away = after(
      { type: "heard", messages: [A] },
      { type: "watched", isWatched: false },
      { type: "heard", messages: [B, C] },
    );
    expect(away.unread).toBe(2);
    expect(reduce(away, { type: "watched", isWatched: true }).unread).toBe(0);
    expect(reduce(away, { type: "watched", isWatched: false }).unread).toBe(2);
  });

  test("do not grow without end", () => {
    const many = Array.from({ length: 600 }, (_, index) => told(index % 60, "bob", `${index}`));
    const state = after({ type: "heard", messages: many });
    expect(state.messages).toHaveLength(500);
    expect(state.messages.at(-1)).toMatchObject({ number: 600, text: "599" });
  });
});

describe("people", () => {
  const around: Event = { type: "around", building: ["bob"], range: ["cid", "bob"] };

  test("stand once, with where they are", () => {
    expect(neighbours(after(around))).toEqual([
      { id: "bob", isInBuilding: true, isInRange: true, isChosen: false },
      { id: "cid", isInBuilding: false, isInRange: true, isChosen: false },
    ]);
  });

  test("who were chosen stay when they walk away", () => {
    const state = after(
      around,
      { type: "chosen", id: "cid", isChosen: true },
      {
        type: "around",
        building: [],
        range: [],
      },
    );
    expect(neighbours(state)).toEqual([
      { id: "cid", isInBuilding: false, isInRange: false, isChosen: true },
    ]);
    expect(recipients(state)).toEqual(["cid"]);
  });

  test("are written to by range, by building, or one by one", () => {
    const state = after(around);
    expect(recipients(state)).toEqual(["cid", "bob"]);
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
      { type: "housed", name: "Tower" },
    );
    expect(buildingOf(state)).toEqual(TOWER);
  });

  test("outside of all buildings there is none", () => {
    const state = after(
      { type: "mapped", buildings: [TOWER] },
      { type: "housed", name: "Out of registered facilities" },
    );
    expect(state.building).toBe("");
    expect(buildingOf(state)).toBeUndefined();
  });
});

test("a session that is over has ended the connection", () => {
  expect(after({ type: "linked", link: "open" }, { type: "over" })).toMatchObject({
    isOver: true,
    link: "ended",
  });
});
