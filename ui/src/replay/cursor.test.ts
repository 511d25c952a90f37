import { describe, expect, it } from "vitest";
import { axisOf, barsOf, thinnedSpans } from "./axis";
import { cursorAt, firstOf, lastOf, leapt, played, stepped, timesOf } from "./cursor";
import { EMPTY, extended, filesAt, type History } from "./history";
import { momentsOf } from "./moments";
import { historyOf } from "./scenes";

const edit = (at: number) => ({
  edit: {
    seq: at + 1,
    at,
    filename: "a.py",
    start: 0,
    removed: 0,
    inserted: "x",
    isLast: false,
    isThinned: false,
    isPasted: false,
  },
});
const typed = (...times: number[]): History => extended(EMPTY, times.map(edit));

describe("playing", () => {
  const history = typed(0, 400, 400, 60_400, 60_900);
  const times = timesOf(history);
  const playedFor = (ms: number) => played(history, times, firstOf(times), ms);

  it("takes as long as it took", () => {
    expect(playedFor(399)).toEqual({ index: 1, at: 399 });
    expect(playedFor(400)).toEqual({ index: 3, at: 400 });
  });

  it("cuts a pause to a second, and moves through it evenly", () => {
    expect(playedFor(900)).toEqual({ index: 3, at: 30_400 });
    expect(playedFor(1_400)).toEqual({ index: 4, at: 60_400 });
  });

  it("is the same in many small parts", () => {
    let cursor = firstOf(times);
    for (let ms = 0; ms < 1_900; ms += 19) {
      cursor = played(history, times, cursor, 19);
    }
    expect(cursor).toEqual({ index: 5, at: 60_900 });
  });

  it("ends at the end", () => {
    expect(playedFor(1_000_000)).toEqual(lastOf(history, times));
  });
});

describe("steps", () => {
  const history = historyOf("happened");
  const times = timesOf(history);
  const moments = momentsOf(history);

  it("go through every edit, on and back", () => {
    let cursor = firstOf(times);
    const seen = [cursor.index];
    for (let step = 0; step < history.edits.length; step++) {
      cursor = stepped(history, cursor, 1);
      seen.push(cursor.index);
    }
    expect(seen).toEqual([...history.edits.keys(), history.edits.length]);
    expect(stepped(history, cursor, 1)).toBe(cursor);
    expect(stepped(history, stepped(history, cursor, -1), 1)).toEqual(
      expect.objectContaining({ index: cursor.index }),
    );
  });

  it("by marks visit each once, in both directions", () => {
    const visited = (by: 1 | -1): string[] => {
      let cursor = by > 0 ? { index: 0, at: 0 } : { index: Infinity, at: Infinity };
      const keys: string[] = [];
      for (
        let next = leapt(moments, cursor, by);
        next !== cursor;
        next = leapt(moments, cursor, by)
      ) {
        cursor = next;
        keys.push(`${next.at} ${next.index}`);
      }
      return keys;
    };
    const places = [...new Set(moments.map(({ at, index }) => `${at} ${index}`))];
    expect(visited(1)).toEqual(places);
    expect(visited(-1)).toEqual(places.reverse());
  });

  it("to a time count all edits until then", () => {
    const { at } = history.edits[2] ?? { at: 0 };
    expect(cursorAt(history, at).index).toBe(
      history.edits.filter((other) => other.at <= at).length,
    );
    expect(cursorAt(history, at - 1).index).toBeLessThan(cursorAt(history, at).index);
  });
});

describe("the line of time", () => {
  it("is time, but a long pause is folded", () => {
    const axis = axisOf([0, 1_000, 3_601_000, 3_602_000]);
    expect(axis.length).toBe(62_000);
    expect(axis.folds).toEqual([31_000]);
    expect([0, 500, 1_801_000, 3_602_000].map((at) => axis.placeOf(at))).toEqual([
      0, 500, 31_000, 62_000,
    ]);
  });

  it("leads back from any place to its time", () => {
    const axis = axisOf(timesOf(historyOf("happened")));
    for (let place = 0; place <= axis.length; place += 997) {
      expect(axis.placeOf(axis.timeAt(place))).toBeCloseTo(place, 5);
    }
  });

  it("stands still where nothing lasts", () => {
    expect(axisOf([]).placeOf(5)).toBe(0);
    expect(axisOf([7]).timeAt(3)).toBe(7);
  });

  it("has its highest bar where most was written", () => {
    const history = typed(0, 10, 20, 30, 90);
    const bars = barsOf(history, axisOf(timesOf(history)), 3);
    expect(bars).toEqual([1, 1 / 3, 1 / 3]);
  });

  it("says of each thinned part where it is", () => {
    const lines = [0, 10, 20, 30, 40].map((at) => ({
      edit: { ...edit(at).edit, isThinned: at !== 20 },
    }));
    const history = extended(EMPTY, lines);
    expect(thinnedSpans(history, axisOf(timesOf(history)))).toEqual([
      { from: 0, to: 10 },
      { from: 30, to: 40 },
    ]);
  });

  it("says which parts are thinned", () => {
    const history = historyOf("thinned");
    const axis = axisOf(timesOf(history));
    const spans = thinnedSpans(history, axis);
    expect(spans.length).toBeGreaterThan(0);
    expect(spans[0]?.from).toBe(
      axis.placeOf(history.edits.find((each) => each.isThinned)?.at ?? -1),
    );
    expect(spans.at(-1)?.to).toBeLessThan(axis.length);
  });
});

describe("what stands out", () => {
  it("is each mark and each paste, in the order of time", () => {
    const moments = momentsOf(historyOf("happened"));
    expect(moments.map(({ text, values }) => [text, values])).toEqual([
      ["join", {}],
      ["run.failed", { filename: "main.py", error: "NameError" }],
      ["paste", { count: 155, filename: "main.py" }],
      ["help.waiting", {}],
      ["status.HELP", {}],
      ["help.ended", {}],
      ["status.IN_PROGRESS", {}],
      ["check", { passed: 1, all: 2 }],
      ["status.DONE", {}],
    ]);
  });

  it("is shown with what came by it", () => {
    const history = historyOf("happened");
    const index = momentsOf(history).find(({ kind }) => kind === "paste")?.index ?? 0;
    expect(filesAt(history, index).get("main.py")).toContain("def area");
    expect(filesAt(history, index - 1).get("main.py")).not.toContain("def area");
  });

  it("shows what went wrong apart", () => {
    const wrong = momentsOf(historyOf("happened")).filter(({ isProblem }) => isProblem);
    expect(wrong.map(({ text }) => text)).toEqual(["run.failed", "check"]);
  });
});
