import { describe, expect, it } from "vitest";
import { answerOf } from "./scenes";
import { ANYBODY, byPeople, reduce, START, type Event, type Find, type State } from "./state";

function after(state: State, ...events: Event[]): State {
  return events.reduce(reduce, state);
}

const INSIDE = after(START, { kind: "admitted" });
const ANA = { kind: "user", id: "ana" } as const;
const AT_ANA: Event = { kind: "went", place: { section: "people", opened: ANA } };

const PEOPLE = answerOf("GET /API/admin/users/find", "a day at school");
const ROOMS = answerOf("GET /API/admin/rooms/show", "a day at school");
const BOTS = answerOf("GET /API/admin/bots/show", "a bot is authorised");

/** As many people, of whom a page shows some. */
function page(total: number): typeof PEOPLE {
  return { ...PEOPLE, total };
}

describe("the session", () => {
  it("is asked for by whoever has none", () => {
    expect(after(START, { kind: "not_allowed" }).standing).toBe("out");
  });

  it("that ends leaves everything on the page", () => {
    const full = after(INSIDE, { kind: "loaded", tables: { rooms: ROOMS } });
    const expired = after(full, { kind: "not_allowed" }, { kind: "not_allowed" });
    expect(expired).toEqual({ ...full, standing: "expired" });
    expect(after(expired, { kind: "admitted" })).toEqual(full);
  });

  it("that was left leaves nothing but the section", () => {
    const left = after(
      INSIDE,
      AT_ANA,
      { kind: "loaded", tables: { rooms: ROOMS } },
      { kind: "left" },
    );
    expect(left.tables).toEqual({});
    expect(left.place.section).toBe("people");
  });
});

describe("a connection", () => {
  it("that is lost is back with the next answer", () => {
    const lost = after(INSIDE, { kind: "lost" });
    expect(lost.isLost).toBe(true);
    expect(after(lost, { kind: "heard" }).isLost).toBe(false);
  });
});

describe("a table", () => {
  it("that comes again unchanged stays the same value", () => {
    const first = after(INSIDE, { kind: "loaded", tables: { bots: BOTS, rooms: ROOMS } });
    const again = after(first, { kind: "loaded", tables: { bots: structuredClone(BOTS) } });
    expect(again.tables).toBe(first.tables);
  });
});

describe("who is looked for", () => {
  const searched: Find = { ...ANYBODY, search: "an" };

  it("is not answered by what was found before", () => {
    const state = after(INSIDE, { kind: "find", find: searched });
    const late = after(state, { kind: "found", find: ANYBODY, people: page(9) });
    expect(late.tables.people).toBeUndefined();
    const right = after(state, { kind: "found", find: searched, people: page(2) });
    expect(right.tables.people?.total).toBe(2);
  });

  it("is looked for on the last page there is, if the own one has gone", () => {
    const find = { ...ANYBODY, offset: 150 };
    const state = after(INSIDE, { kind: "find", find }, { kind: "found", find, people: page(70) });
    expect(state.find.offset).toBe(50);
  });
});

describe("what is open beside the list", () => {
  const detail = { of: ANA, isMissing: false, people: [], lines: [] } as const;

  it("goes with the address", () => {
    const open = after(INSIDE, AT_ANA, { kind: "looked", detail });
    expect(open.detail).toEqual(detail);
    const elsewhere = { section: "people", opened: undefined } as const;
    expect(after(open, { kind: "went", place: elsewhere }).detail).toBeUndefined();
  });

  it("is not what was asked for before", () => {
    const bob = { ...detail, of: { kind: "user", id: "bob" } } as const;
    expect(after(INSIDE, AT_ANA, { kind: "looked", detail: bob }).detail).toBeUndefined();
  });
});

describe("the buildings' bars", () => {
  it("stand by people, then by name", () => {
    const counts = answerOf("GET /API/admin/users/count", "a day at school");
    const bars = byPeople(counts);
    expect(bars.map((bar) => bar.name)).toEqual(["Hall 10", "hall 2", "Physics"]);
  });
});
