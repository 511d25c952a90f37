import { describe, expect, it } from "vitest";
import type { Task } from "../wire/generated";
import {
  afterSending,
  asDrafts,
  filled,
  isUnsent,
  newDrafts,
  reverted,
  unsent,
  withChange,
  withCopy,
  withImported,
  withLoaded,
  withMine,
  withMoved,
  withoutImport,
  withoutTask,
  withTask,
  withTaskAt,
  withTheirs,
  type Drafts,
} from "./drafts";
import { isBlank, MOST_TASKS, newTask } from "./task";

const task = (id: string, content: string): Task => ({
  ...newTask(id === "theory" ? "theory" : "exercise"),
  id,
  content,
});
const THREE = [task("theory", "<p>t</p>"), task("a", "<p>a</p>"), task("b", "<p>b</p>")];
const loaded = withLoaded(newDrafts(), { rev: 1, tasks: THREE });
const written = withChange(loaded, "a", { content: "<p>new</p>" });
const ids = ({ tasks }: Pick<Drafts, "tasks">) => tasks.map(({ id }) => id);
const contents = ({ tasks }: Pick<Drafts, "tasks">) => tasks.map(({ content }) => content);
const sent = (drafts: Drafts) => afterSending(drafts, { rev: 2, tasks: filled(drafts) });

describe("what is sent", () => {
  it("is nothing of tasks that nobody has filled", () => {
    expect(filled(newDrafts())).toEqual([]);
    expect(isUnsent(unsent(newDrafts()))).toBe(false);
  });

  it.each([
    ["", true],
    ["<p></p>", true],
    ["<p><br></p><p> &nbsp;</p>", true],
    ["<p>x</p>", false],
    ['<p><img src="https://example.org/x.png"></p>', false],
    ["plain", false],
  ])("%j is blank: %s", (html, expected) => {
    expect(isBlank(html)).toBe(expected);
  });

  it("is a task without a text, too, if it has a title, files or checks", () => {
    const [, blank] = newDrafts().tasks;
    const check = { name: "a", code: "assert a", is_hidden: false };
    for (const change of [
      { title: "Loops" },
      { files: [{ filename: "a.py", content: "" }] },
      { checks: [check] },
    ]) {
      const drafts = withChange(newDrafts(), blank?.id ?? "", change);
      expect(filled(drafts)).toHaveLength(0);
      const own = { ...drafts, tasks: [{ ...newTask(), ...change }] };
      expect(filled(own)).toHaveLength(1);
    }
  });
});

describe("what has changed since the last sending", () => {
  it("is nothing right after it", () => {
    expect([...unsent(written).ids]).toEqual(["a"]);
    expect(isUnsent(unsent(sent(written)))).toBe(false);
  });

  it("is also what was taken out", () => {
    expect(unsent(withoutTask(loaded, "b")).titles).toHaveLength(1);
  });

  it("is an order, of which no task is another one", () => {
    const moved = withMoved(loaded, "a", 1);
    expect(unsent(moved)).toMatchObject({ titles: [], isReordered: true });
    expect(unsent(sent(moved))).toMatchObject({ titles: [], isReordered: false });
    expect(unsent(withoutTask(loaded, "a")).isReordered).toBe(false);
  });
});

describe("a task", () => {
  it("keeps its id wherever it is moved to, and stays at the ends", () => {
    expect(ids(withMoved(loaded, "a", 1))).toEqual(["theory", "b", "a"]);
    expect(ids(withMoved(loaded, "a", -1))).toEqual(["a", "theory", "b"]);
    expect(withMoved(loaded, "b", 1)).toBe(loaded);
  });

  it("that is copied is another one, behind it", () => {
    const copied = withCopy(loaded, "a");
    expect(contents(copied)).toEqual(["<p>t</p>", "<p>a</p>", "<p>a</p>", "<p>b</p>"]);
    expect(new Set(ids(copied)).size).toBe(4);
  });

  it("comes back with its id and its place", () => {
    const [, a] = loaded.tasks;
    expect(withTaskAt(withoutTask(loaded, "a"), a as Task, 1)).toEqual(loaded);
  });

  it("is one of a hundred at most", () => {
    let drafts = loaded;
    for (let count = 0; count < MOST_TASKS; count++) {
      drafts = withTask(drafts, "exercise");
    }
    expect(drafts.tasks).toHaveLength(MOST_TASKS);
  });

  it("that is blank goes when others are sent that would be numbered by it", () => {
    const drafts = withTask(withTask(loaded, "exercise"), "theory");
    expect(sent(drafts).tasks).toHaveLength(5);
    const last = withChange(withTask(drafts, "exercise"), ids(drafts).at(-1) ?? "", {});
    const filledLast = { ...last, tasks: last.tasks.toSpliced(-1, 1, task("c", "<p>c</p>")) };
    expect(sent(filledLast).tasks.map(({ type }) => type)).toEqual([
      "theory",
      "exercise",
      "exercise",
      "theory",
      "exercise",
    ]);
  });
});

describe("what the server tells", () => {
  it("fills an editor that is empty, or has nothing that was not sent", () => {
    expect(contents(loaded)).toEqual(["<p>t</p>", "<p>a</p>", "<p>b</p>"]);
    const fewer = withLoaded(loaded, { rev: 2, tasks: THREE.slice(1) });
    expect(ids(fewer)).toEqual(["a", "b"]);
  });

  it("is what was sent from here, though its HTML was cleaned", () => {
    const own = sent(written);
    const cleaned = filled(written).map((each) => ({ ...each, content: `${each.content} ` }));
    expect(withLoaded(own, { rev: 2, tasks: cleaned })).toBe(own);
  });

  it("leaves what is not sent, if the class has what it had", () => {
    const drafts = withLoaded({ ...written, sent: { ...written.sent, rev: 0 } }, loaded.sent);
    expect(drafts.theirs).toBeUndefined();
    expect(drafts).toMatchObject({ tasks: written.tasks, sent: { rev: 1 } });
  });
});

describe("tasks that another window has set meanwhile", () => {
  const theirs = { rev: 2, tasks: [task("a", "<p>theirs</p>")] };
  const both = withLoaded(written, theirs);

  it("lie beside what was written here, until the teacher has chosen", () => {
    expect(both).toMatchObject({ tasks: written.tasks, sent: { rev: 1 }, theirs });
    expect(asDrafts(JSON.parse(JSON.stringify(both)))).toEqual(both);
  });

  it("are replaced by what is here, once that is sent", () => {
    const mine = withMine(both);
    expect(mine).toMatchObject({ tasks: written.tasks, sent: theirs });
    expect(mine.theirs).toBeUndefined();
    expect(unsent(mine).titles).toHaveLength(3);
  });

  it("replace what is here, which can be brought back", () => {
    const taken = withTheirs(both);
    expect(contents(taken)).toEqual(["<p>theirs</p>"]);
    expect(isUnsent(unsent(taken))).toBe(false);
    expect(withoutImport(taken)).toEqual({ tasks: written.tasks, sent: theirs });
  });

  it("are no others if they are the same", () => {
    const same = withLoaded(written, { rev: 2, tasks: written.tasks });
    expect(same.theirs).toBeUndefined();
    expect(isUnsent(unsent(same))).toBe(false);
  });
});

describe("an import", () => {
  const found = [task("1", "<h2>Circles</h2><p>Draw.</p>"), task("theory", "<p>t</p><p>more</p>")];

  it("replaces what is here, and is undone", () => {
    const drafts = withImported(written, found);
    expect(contents(drafts)).toEqual(found.map(({ content }) => content));
    expect(withoutImport(drafts)).toEqual(written);
  });

  it("has ids of its own, which numbers are not", () => {
    const drafts = withImported(loaded, found);
    expect(ids(drafts)).not.toContain("1");
    const library = [task("stable-id", "<p>x</p>")];
    expect(ids(withImported(loaded, library))).toEqual(["stable-id"]);
  });

  it("again is the same tasks, where they begin as before", () => {
    const first = sent(withImported(newDrafts(), found));
    const again = withImported(first, [task("2", "<h2>Circles</h2><p>Draw two.</p>")]);
    expect(ids(again)).toEqual([ids(first)[0]]);
    const two = [task("1", "<p>same</p>"), task("2", "<p>same</p>")];
    const doubled = sent(withImported(newDrafts(), two));
    expect(new Set(ids(withImported(doubled, two))).size).toBe(2);
  });
});

describe("undoing changes", () => {
  it("gives what the class has", () => {
    expect(reverted(written).tasks).toEqual(THREE);
  });
});

describe("drafts that were kept", () => {
  it("are read as they were", () => {
    const drafts = withImported(written, [task("x", "<p>x</p>")]);
    expect(asDrafts(JSON.parse(JSON.stringify(drafts)))).toEqual(drafts);
  });

  it("of an earlier page are taken over: what the class has, under the names that it has", () => {
    const old = {
      theory: { key: 0, html: "<p>t</p>" },
      tasks: [
        { key: 4, html: "<p>new</p>" },
        { key: 2, html: "<p>b</p>", sentAs: "1" },
      ],
      sent: { theory: "<p>t</p>", 1: "<p>a</p>" },
    };
    const drafts = asDrafts(old);
    expect(drafts?.tasks).toMatchObject([
      { id: "theory", type: "theory", content: "<p>t</p>" },
      { type: "exercise", content: "<p>new</p>" },
      { id: "1", content: "<p>b</p>" },
    ]);
    expect(drafts?.sent.tasks).toMatchObject([{ id: "theory" }, { id: "1" }]);
  });

  it("of a page before that are what they were by their places", () => {
    const old = {
      theory: { key: 0, html: "" },
      tasks: [{ key: 1, html: "<p>a</p>" }],
      sent: { 1: "<p>a</p>" },
    };
    expect(asDrafts(old)?.tasks[1]).toMatchObject({ id: "1", content: "<p>a</p>" });
  });

  it.each([[null], [{}], [{ tasks: [] }], [{ tasks: [{ id: 1 }], sent: { rev: 0, tasks: [] } }]])(
    "are none of %j",
    (value) => {
      expect(asDrafts(value)).toBeUndefined();
    },
  );
});
