import { beforeEach, describe, expect, it, vi } from "vitest";
import { forget, keep, kept, keptKeys } from "../wire/kept";
import type { Task } from "../wire/generated";
import {
  asDrafts,
  draftsPlace,
  filled,
  newDrafts,
  unsent,
  withChange,
  withLoaded,
  type Given,
} from "./drafts";
import { newTask } from "./task";
import {
  beginWith,
  countOf,
  forgetDrafts,
  keepEnded,
  keepTasks,
  keptTasks,
  tasksOf,
} from "./keeping";

const task = (id: string, content = `<p>${id}</p>`): Task => ({
  ...newTask(id === "t" ? "theory" : "exercise"),
  id,
  content,
});
const TASKS = [task("t"), task("a"), task("b")];
const GIVEN: Given = { rev: 1, tasks: TASKS };
const NOTHING: Given = { rev: 0, tasks: [] };
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
    expect(tasksOf(1, GIVEN)).toEqual(TASKS);
    expect(tasksOf(1, NOTHING)).toEqual([]);
  });

  it("are what was written here, also if it was not sent", () => {
    const loaded = withLoaded(newDrafts(), GIVEN);
    keep(draftsPlace(1), withChange(loaded, "a", { content: "<p>new</p>" }));
    expect(tasksOf(1, GIVEN)).toEqual([task("t"), task("a", "<p>new</p>"), task("b")]);
  });

  it("count without the theory page", () => {
    expect(countOf(TASKS)).toBe(2);
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
      expect(keepTasks({ room, at, tasks: TASKS })).toBe(true);
    }
    expect(rooms()).toEqual([4, 1, 3]);
    expect(keptTasks()[0]?.tasks).toEqual(TASKS);
  });

  it("are not promised by a browser that is full", () => {
    full();
    expect(keepTasks({ room: 1, at: 1, tasks: TASKS })).toBe(false);
  });

  it.each([
    [{ room: "1", at: 1, tasks: TASKS }],
    [{ room: 1, tasks: TASKS }],
    [{ room: 1, at: 1, tasks: [] }],
    [{ room: 1, at: 1, tasks: [{ title: "1" }] }],
    [{ room: 1, at: 1, steps: [{ name: "1" }] }],
    [null],
  ])("are none of what does not look like them: %j", (value) => {
    keep("classroom/tasks/1", value);
    expect(keptTasks()).toEqual([]);
  });

  it("of an earlier page are taken over", () => {
    const steps = [{ name: "1", content: "<p>a</p>", language: "html", type: "exercise" }];
    keep("classroom/tasks/1", { room: 1, at: 1, steps });
    expect(keptTasks()).toMatchObject([{ room: 1, tasks: [{ id: "1", content: "<p>a</p>" }] }]);
  });

  it("are kept without a question when a class has ended by itself, and its drafts go", () => {
    keep(draftsPlace(1), withLoaded(newDrafts(), GIVEN));
    keepEnded(1, NOTHING, 5);
    expect(keptTasks()).toEqual([{ room: 1, at: 5, tasks: TASKS }]);
    expect(kept(draftsPlace(1), asDrafts)).toBeUndefined();
    keepEnded(2, NOTHING, 6);
    expect(rooms()).toEqual([1]);
  });

  it("stay drafts of the ended class in a browser that is full", () => {
    full();
    keep(draftsPlace(1), withLoaded(newDrafts(), GIVEN));
    keepEnded(1, NOTHING, 5);
    expect(tasksOf(1, NOTHING)).toEqual(TASKS);
    forgetDrafts(1);
    expect(tasksOf(1, NOTHING)).toEqual([]);
  });
});

describe("a class that begins with tasks", () => {
  it("has them as drafts that are not sent", () => {
    expect(beginWith(7, TASKS)).toBe(true);
    const drafts = kept(draftsPlace(7), asDrafts) ?? newDrafts();
    expect(filled(drafts)).toEqual(TASKS);
    expect([...unsent(drafts).ids]).toEqual(["t", "a", "b"]);
    expect(drafts.before).toBeUndefined();
  });
});
