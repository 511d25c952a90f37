import { beforeEach, describe, expect, it, vi } from "vitest";
import { forget, keep, kept, keptKeys } from "../wire/kept";
import type { Step } from "../wire/generated";
import { asDrafts, BLANK, changed, draftsPlace, stepsOf, withHtml, withLoaded } from "./drafts";
import {
  beginWith,
  countOf,
  forgetDrafts,
  keepEnded,
  keepTasks,
  keptTasks,
  tasksOf,
} from "./keeping";

const step = (name: string, content = `<p>${name}</p>`): Step => ({
  name,
  content,
  language: "html",
  type: name === "theory" ? "theory" : "exercise",
});
const STEPS = [step("theory"), step("1"), step("2")];
const rooms = () => keptTasks().map(({ room }) => room);
/** A browser that keeps nothing over the page, as one that is full does. */
const full = () => vi.stubGlobal("localStorage", undefined);
const storage = new Map<string, string>();

beforeEach(() => {
  storage.clear();
  vi.stubGlobal("localStorage", {
    get length() {
      return storage.size;
    },
    key: (index: number) => [...storage.keys()][index] ?? null,
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  });
  keptKeys("").forEach(forget);
});

describe("the tasks of a class", () => {
  it("are what the class has, in a browser where nobody has edited them", () => {
    expect(tasksOf(1, STEPS)).toEqual(STEPS);
    expect(tasksOf(1, [])).toEqual([]);
  });

  it("are what was written here, also if it was not sent", () => {
    const loaded = withLoaded(BLANK, STEPS);
    keep(draftsPlace(1), withHtml(loaded, loaded.tasks[0]?.key ?? -1, "<p>new</p>"));
    expect(tasksOf(1, STEPS)).toEqual([step("theory"), step("1", "<p>new</p>"), step("2")]);
  });

  it("count without the theory page", () => {
    expect(countOf(STEPS)).toBe(2);
  });
});

describe("tasks for later classes", () => {
  it("are those of the last three that were kept, the last one first, each once", () => {
    for (const [room, at] of [
      [1, 10],
      [2, 20],
      [3, 30],
      [1, 40],
      [4, 50],
    ] as const) {
      expect(keepTasks({ room, at, steps: STEPS })).toBe(true);
    }
    expect(rooms()).toEqual([4, 1, 3]);
    expect(keptTasks()[0]?.steps).toEqual(STEPS);
  });

  it("are not promised by a browser that is full", () => {
    full();
    expect(keepTasks({ room: 1, at: 1, steps: STEPS })).toBe(false);
  });

  it.each([
    [{ room: "1", at: 1, steps: STEPS }],
    [{ room: 1, steps: STEPS }],
    [{ room: 1, at: 1, steps: [] }],
    [{ room: 1, at: 1, steps: [{ name: "1" }] }],
    [null],
  ])("are none of what does not look like them: %j", (value) => {
    keep("classroom/tasks/1", value);
    expect(keptTasks()).toEqual([]);
  });

  it("are kept without a question when a class has ended by itself, and its drafts go", () => {
    keep(draftsPlace(1), withLoaded(BLANK, STEPS));
    keepEnded(1, [], 5);
    expect(keptTasks()).toEqual([{ room: 1, at: 5, steps: STEPS }]);
    expect(kept(draftsPlace(1), asDrafts)).toBeUndefined();
    keepEnded(2, [], 6);
    expect(rooms()).toEqual([1]);
  });

  it("stay drafts of the ended class in a browser that is full", () => {
    full();
    keep(draftsPlace(1), withLoaded(BLANK, STEPS));
    keepEnded(1, [], 5);
    expect(tasksOf(1, [])).toEqual(STEPS);
    forgetDrafts(1);
    expect(tasksOf(1, [])).toEqual([]);
  });
});

describe("a class that begins with tasks", () => {
  it("has them as drafts that are not sent", () => {
    expect(beginWith(7, STEPS)).toBe(true);
    const drafts = kept(draftsPlace(7), asDrafts) ?? BLANK;
    expect(stepsOf(drafts)).toEqual(STEPS);
    expect(changed(drafts)).toEqual(["theory", "1", "2"]);
    expect(drafts.before).toBeUndefined();
  });
});
