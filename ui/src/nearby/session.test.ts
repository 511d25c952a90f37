// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { moment, untilTriedAgain } from "../wire/network";
import { NearbyWire, type Declined } from "../wire/nearby";
import { Campus } from "./campus";
import type { Scene } from "./scenes";
import { begin, neighbours, reduce, whereaboutOf, type Event, type State } from "./state";
import { isPrivate, waiting, type Target } from "./talk";

const DOOR = { latitude: 38.737, longitude: -9.1385, source: "hand" } as const;

/** Ana's page without what is seen of it. */
class Visit {
  readonly problems: string[] = [];
  state: State = begin({ rangeM: 50, spot: DOOR });
  readonly wire = new NearbyWire(
    { user: "ana", token: "t" },
    (event) => this.hear(event),
    (problem: Declined) => void this.problems.push(problem.code),
    () => ({
      place: this.state.spot,
      rangeM: this.state.rangeM,
      waiting: waiting(this.state.messages)[0],
    }),
  );

  hear(event: Event): void {
    this.state = reduce(this.state, event);
  }

  write(text: string, target: Target, ...names: string[]): void {
    this.hear({ type: "written", key: `k-${text}`, text, to: { target, names }, at: Date.now() });
    this.wire.written();
  }

  range(metres: number): void {
    this.hear({ type: "ranged", metres });
    this.wire.rangeChanged();
  }

  get texts(): string[] {
    return this.state.messages.map(({ text }) => text);
  }

  get unsent(): string[] {
    return waiting(this.state.messages).map(({ text }) => text);
  }

  get around(): string[] {
    return neighbours(this.state).map(
      (each) => `${each.id} ${whereaboutOf(each, this.state.isAroundKnown)}`,
    );
  }
}

let campus: Campus;
let ana: Visit;

async function arrive(...scenes: Scene[]): Promise<void> {
  void campus.play("Ana comes into the tower");
  ana.wire.start();
  await moment();
  for (const scene of scenes) {
    await campus.play(scene);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  campus = new Campus();
  ana = new Visit();
});

afterEach(() => {
  ana.wire.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  expect([campus.unexpected, campus.unwanted]).toEqual([[], []]);
  expect([campus.notAsked, campus.notWanted]).toEqual([[], []]);
});

describe("a visit", () => {
  test("knows the building, the campus and who is around", async () => {
    await arrive();
    expect([ana.state.building, ana.around]).toEqual(["Tower", []]);
    expect(ana.state.buildings.map(({ name }) => name)).toEqual(["Library", "Tower"]);
    await campus.play("Bob comes beside her, and Cid is across the street");
    expect(ana.around).toEqual(["bob both", "cid near"]);
  });

  test("looks as far as it was told to", async () => {
    await arrive("Bob comes beside her, and Cid is across the street");
    void campus.play("Ana looks no farther than ten metres");
    ana.range(10);
    await moment();
    expect(ana.around).toEqual(["bob both"]);
  });

  test("shows what is said, in order, and what is for nobody else as private", async () => {
    await arrive("Bob comes beside her, and Cid is across the street", "Bob says three things");
    expect(ana.texts).toEqual(["a", "b", "c"]);
    expect(ana.state.messages.map(isPrivate)).toEqual([true, false, false]);
  });

  test("sends what is written, and says who is unknown and what is too long", async () => {
    await arrive("Bob comes beside her, and Cid is across the street");
    void campus.play(
      "Ana writes to the range",
      "Ana writes to Bob",
      "Ana writes to Bob and to somebody who is not known",
      "Ana writes to nobody who is known",
      "Ana writes far too much",
    );
    ana.write("one", "range", "bob", "cid");
    ana.write("two", "chosen", "bob");
    ana.write("three", "chosen", "bob", "eve");
    ana.write("four", "chosen", "eve");
    ana.write("five".repeat(3_000), "chosen", "bob");
    await moment();
    expect(ana.unsent).toEqual([]);
    expect(
      ana.state.messages.map(({ letter }) => [letter?.unknown, letter?.refused?.code]),
    ).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      ["eve", undefined],
      [undefined, "unknown"],
      [undefined, "bad_input"],
    ]);
  });

  test("that loses the server vouches for nobody, and sends once what was written meanwhile", async () => {
    await arrive("Bob comes beside her, and Cid is across the street", "Bob says three things");
    await campus.cut();
    expect(ana.around).toEqual(["bob unknown", "cid unknown"]);
    ana.write("two", "chosen", "bob");
    await untilTriedAgain();
    expect(ana.unsent).toEqual(["two"]);
    campus.isDown = false;
    void campus.play("Ana is back", "Ana writes to Bob");
    await untilTriedAgain();
    expect([ana.texts, ana.unsent]).toEqual([["a", "b", "c", "two", "d"], []]);
    await campus.play("Bob walks away");
    expect(ana.around).toEqual(["cid near"]);
  });

  test("hears of a building that is gone, and is in none", async () => {
    await arrive("the tower is pulled down");
    await moment();
    expect(ana.state.buildings.map(({ name }) => name)).toEqual(["Library"]);
    expect(ana.state.building).toBe("");
  });

  test("says why the server declines a place", async () => {
    await arrive();
    void campus.play("a place that is none");
    ana.hear({ type: "placed", spot: { latitude: 91, longitude: 0, source: "hand" } });
    ana.wire.moved();
    await moment();
    expect(ana.problems).toEqual(["bad_input"]);
  });

  test.each<Scene>(["Ana comes back in vain"])("is over when the session is: %s", async (scene) => {
    void campus.play(scene);
    ana.wire.start();
    await moment();
    expect(ana.state).toMatchObject({ isOver: true, link: "ended" });
  });
});
