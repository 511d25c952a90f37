import { describe, expect, it } from "vitest";
import type { Task } from "../wire/generated";
import { Drafting } from "./drafting.svelte";
import { newTask } from "./task";

let rooms = 100_000;
const task = (id: string): Task => ({ ...newTask(), id, content: `<p>${id}</p>` });
const THREE = ["a", "b", "c"].map(task);

function withThree(room = (rooms += 1)): Drafting {
  const drafting = new Drafting(room);
  drafting.load({ rev: 1, tasks: THREE });
  return drafting;
}

const texts = (drafting: Drafting) => drafting.tasks.map(({ content }) => content);

describe("the editor", () => {
  it("opens the first task, and the one after a task that is taken out", () => {
    const drafting = withThree();
    expect(drafting.task.id).toBe("a");
    drafting.remove();
    expect(drafting.task.id).toBe("b");
    drafting.open("c");
    drafting.remove();
    expect(drafting.task.id).toBe("b");
    drafting.remove();
    expect(drafting.filled).toEqual([]);
    expect(drafting.tasks).toHaveLength(1);
  });

  it("brings a task back that was taken out, with what was written since", () => {
    const drafting = withThree();
    const undo = drafting.remove();
    drafting.write({ content: "<p>since</p>" });
    undo();
    undo();
    expect(texts(drafting)).toEqual(["<p>a</p>", "<p>since</p>", "<p>c</p>"]);
    expect(drafting.task.id).toBe("a");
  });

  it("opens a copy, which is another task", () => {
    const drafting = withThree();
    drafting.duplicate();
    drafting.write({ title: "Harder" });
    expect(drafting.tasks.map(({ title }) => title)).toEqual(["", "Harder", "", ""]);
  });

  it("has nothing unsent once the class has what is here, also after it was moved", () => {
    const drafting = withThree();
    drafting.move(1);
    expect(drafting.isUnsent).toBe(true);
    drafting.sent({ rev: 2, tasks: drafting.filled });
    expect(drafting.isUnsent).toBe(false);
  });

  it("opens a task of what is imported, and what was there when that is undone", () => {
    const drafting = withThree();
    drafting.import([task("x")]);
    expect(texts(drafting)).toEqual(["<p>x</p>"]);
    expect(drafting.task.id).toBe("x");
    drafting.undoImport();
    expect(texts(drafting)).toEqual(["<p>a</p>", "<p>b</p>", "<p>c</p>"]);
    expect(drafting.task.id).toBe("a");
  });

  it("takes what was imported before only where there is nothing yet", () => {
    const drafting = withThree();
    drafting.takeImport([task("x")], false);
    expect(texts(drafting)).toHaveLength(3);
    drafting.takeImport([task("x")], true);
    expect(texts(drafting)).toEqual(["<p>x</p>"]);
    const empty = new Drafting((rooms += 1));
    empty.takeImport([task("x")], false);
    expect(texts(empty)).toEqual(["<p>x</p>"]);
  });

  it("has what was typed when it is opened again", () => {
    const drafting = withThree(99_999);
    drafting.write({ content: "<p>typed</p>" });
    drafting.saveNow();
    expect(texts(new Drafting(99_999))[0]).toBe("<p>typed</p>");
  });
});
