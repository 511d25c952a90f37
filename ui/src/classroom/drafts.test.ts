import { describe, expect, it } from "vitest";
import type { Step } from "../wire/generated";
import {
  afterSending,
  asDrafts,
  BLANK,
  changed,
  isBlank,
  MOST_TASKS,
  nameOf,
  newestKey,
  renumbered,
  reverted,
  stepsOf,
  withHtml,
  withImported,
  withLoaded,
  withMoved,
  withOrderOf,
  withoutImport,
  withoutTask,
  withTask,
  type Drafts,
} from "./drafts";

const step = (name: string, content: string): Step => ({
  name,
  content,
  language: "html",
  type: name === "theory" ? "theory" : "exercise",
});
const three = [step("theory", "<p>t</p>"), step("1", "<p>a</p>"), step("2", "<p>b</p>")];
const loaded = withLoaded(BLANK, three);
const keyOf = (drafts: Drafts, place: number): number => drafts.tasks[place - 1]?.key ?? -1;

describe("what is sent", () => {
  it("is nothing of pages that nobody has filled", () => {
    expect(stepsOf(BLANK)).toEqual([]);
    expect(changed(BLANK)).toEqual([]);
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

  it("is each page to the letter, under the number of its place", () => {
    const html = '<p class="ql-align-center">c<span style="color: red;">x</span></p>';
    const drafts = withHtml(loaded, keyOf(loaded, 2), html);
    expect(stepsOf(drafts)).toEqual([three[0], three[1], step("2", html)]);
  });

  it("keeps the numbers of tasks behind a blank one", () => {
    expect(stepsOf(withHtml(loaded, keyOf(loaded, 1), "<p></p>")).map(({ name }) => name)).toEqual([
      "theory",
      "2",
    ]);
  });
});

describe("what has changed since the last sending", () => {
  it("is nothing right after it", () => {
    const drafts = withHtml(loaded, keyOf(loaded, 1), "<p>new</p>");
    expect(changed(drafts)).toEqual(["1"]);
    expect(changed(afterSending(drafts))).toEqual([]);
  });

  it("is also what was taken out", () => {
    expect(changed(withoutTask(loaded, keyOf(loaded, 2)))).toEqual(["2"]);
  });

  it("is every task that got another number", () => {
    expect(changed(withMoved(loaded, keyOf(loaded, 1), 1))).toEqual(["1", "2"]);
  });

  it("can be taken back", () => {
    const drafts = reverted(withHtml(loaded, 0, "<p>other</p>"));
    expect(stepsOf(drafts)).toEqual(three);
    expect(changed(drafts)).toEqual([]);
  });
});

describe("tasks", () => {
  it("are numbered anew when one goes", () => {
    const drafts = withoutTask(loaded, keyOf(loaded, 1));
    expect(stepsOf(drafts).slice(1)).toEqual([step("1", "<p>b</p>")]);
    expect(nameOf(drafts, keyOf(drafts, 1))).toBe("1");
    expect(nameOf(drafts, 0)).toBe("theory");
  });

  it("stay where they are at the ends", () => {
    expect(withMoved(loaded, keyOf(loaded, 1), -1)).toBe(loaded);
    expect(withMoved(loaded, keyOf(loaded, 2), 1)).toBe(loaded);
    expect(withMoved(loaded, 0, 1)).toBe(loaded);
  });

  it("are at most sixteen", () => {
    const drafts = Array.from({ length: 30 }).reduce<Drafts>((some) => withTask(some), BLANK);
    expect(drafts.tasks).toHaveLength(MOST_TASKS);
    expect(new Set(drafts.tasks.map(({ key }) => key)).size).toBe(MOST_TASKS);
  });

  it("that are new are the newest", () => {
    const drafts = withTask(loaded);
    expect(nameOf(drafts, newestKey(drafts))).toBe("3");
  });
});

describe("what the server tells", () => {
  it("fills pages that were not touched", () => {
    const other = [step("1", "<p>z</p>")];
    expect(stepsOf(withLoaded(loaded, other))).toEqual(other);
  });

  it("never replaces a draft that is newer", () => {
    const drafts = withLoaded(withHtml(loaded, keyOf(loaded, 1), "<p>draft</p>"), [
      step("1", "<p>z</p>"),
    ]);
    expect(stepsOf(drafts)[1]).toEqual(step("1", "<p>draft</p>"));
    expect(changed(drafts)).toEqual(["theory", "1", "2"]);
  });

  it("leaves no gap between numbers out", () => {
    const drafts = withLoaded(BLANK, [step("3", "<p>c</p>")]);
    expect(drafts.tasks.map(({ html }) => html)).toEqual(["", "", "<p>c</p>"]);
  });

  it("is not all believed", () => {
    expect(
      stepsOf(withLoaded(BLANK, [step("17", "x"), step("../1", "x"), step("0", "x")])),
    ).toEqual([]);
  });
});

describe("an import", () => {
  it("replaces the pages, is not sent by that, and can be undone", () => {
    const draft = withHtml(loaded, keyOf(loaded, 1), "<p>draft</p>");
    const imported = withImported(draft, [step("1", "<p>n</p>")]);
    expect(stepsOf(imported)).toEqual([step("1", "<p>n</p>")]);
    expect(changed(imported)).toEqual(["theory", "1", "2"]);
    expect(stepsOf(withoutImport(imported))).toEqual(stepsOf(draft));
    expect(withoutImport(draft)).toBe(draft);
  });

  it("stays unsent when the server tells of it again, as it does until it is sent", () => {
    const imported = withImported(withLoaded(BLANK, [step("1", "<p>old</p>")]), three);
    expect(withLoaded(imported, three)).toBe(imported);
    expect(changed(withLoaded(imported, three))).toEqual(["theory", "1", "2"]);
  });

  it("has nothing to bring back where nothing was", () => {
    expect(withImported(BLANK, three).before).toBeUndefined();
  });
});

describe("tasks that got other numbers", () => {
  it("are none while texts alone have changed", () => {
    expect(renumbered(loaded)).toEqual([]);
    expect(renumbered(withTask(withHtml(loaded, keyOf(loaded, 1), "<p>new</p>")))).toEqual([]);
  });

  it.each([
    ["taken out", withoutTask(loaded, keyOf(loaded, 1)), ["1", "2"]],
    ["taken out at the end", withoutTask(loaded, keyOf(loaded, 2)), ["2"]],
    ["moved", withMoved(loaded, keyOf(loaded, 1), 1), ["1", "2"]],
    ["emptied", withHtml(loaded, keyOf(loaded, 2), "<p></p>"), ["2"]],
    ["replaced by an import", withImported(loaded, [step("1", "<p>n</p>")]), ["1", "2"]],
  ])("are those behind one that was %s", (_, drafts, names) => {
    expect(renumbered(drafts)).toEqual(names);
    expect(renumbered(afterSending(drafts))).toEqual([]);
  });

  it("are put back with the texts of now, and what has come since behind them", () => {
    const less = withoutTask(loaded, keyOf(loaded, 1));
    const more = withTask(withHtml(less, keyOf(less, 1), "<p>b2</p>"));
    const back = withOrderOf(withHtml(more, newestKey(more), "<p>c</p>"), loaded);
    expect(back.tasks.map(({ html }) => html)).toEqual(["<p>a</p>", "<p>b2</p>", "<p>c</p>"]);
    expect(renumbered(back)).toEqual([]);
  });

  it("are none of drafts that an older version kept", () => {
    const older = { ...loaded, tasks: loaded.tasks.map(({ key, html }) => ({ key, html })) };
    expect(asDrafts(JSON.parse(JSON.stringify(older)))).toEqual(loaded);
  });
});

describe("drafts that were kept", () => {
  it("come back", () => {
    expect(asDrafts(JSON.parse(JSON.stringify(loaded)))).toEqual(loaded);
  });

  it.each([
    null,
    1,
    {},
    { theory: {}, tasks: [] },
    { ...BLANK, sent: { 1: 2 } },
    { ...BLANK, tasks: 1 },
  ])("are none if they do not fit: %j", (value) => {
    expect(asDrafts(value)).toBeUndefined();
  });
});
