import { describe, expect, it } from "vitest";
import type { Step } from "../wire/generated";
import { Drafting } from "./drafting.svelte";

let rooms = 100_000;
const step = (name: string): Step => ({
  name,
  content: `<p>${name}</p>`,
  language: "html",
  type: "exercise",
});

function withThree(room = (rooms += 1)): Drafting {
  const drafting = new Drafting(room);
  drafting.load(["1", "2", "3"].map(step));
  return drafting;
}

const texts = (drafting: Drafting) => drafting.drafts.tasks.map(({ html }) => html);

describe("the editor", () => {
  it("opens the first task, and the one after a task that is taken out", () => {
    const drafting = withThree();
    expect(drafting.name).toBe("1");
    drafting.remove();
    expect(drafting.page.html).toBe("<p>2</p>");
    drafting.open(drafting.drafts.tasks[1]?.key ?? -1);
    drafting.remove();
    expect(drafting.page.html).toBe("<p>2</p>");
    drafting.remove();
    expect(drafting.name).toBe("theory");
  });

  it("puts tasks back as they stood before the first of several changes, until they are sent", () => {
    const drafting = withThree();
    expect(drafting.canPutBack).toBe(false);
    drafting.move(1);
    drafting.remove();
    drafting.move(1);
    drafting.write("<p>written since</p>");
    drafting.putBack();
    expect(texts(drafting)).toEqual(["<p>1</p>", "<p>2</p>", "<p>written since</p>"]);
    drafting.move(-1);
    drafting.sent();
    expect(drafting.canPutBack).toBe(false);
    expect(drafting.changed).toEqual([]);
  });

  it("opens a task of what is imported, and what was there when that is undone", () => {
    const drafting = withThree();
    drafting.import([step("1")]);
    expect(texts(drafting)).toEqual(["<p>1</p>"]);
    expect(drafting.name).toBe("1");
    drafting.undoImport();
    expect(texts(drafting)).toEqual(["<p>1</p>", "<p>2</p>", "<p>3</p>"]);
    expect(drafting.name).toBe("1");
  });

  it("has what was typed when it is opened again", () => {
    const drafting = withThree(99_999);
    drafting.write("<p>typed</p>");
    drafting.saveNow();
    expect(texts(new Drafting(99_999))[0]).toBe("<p>typed</p>");
  });
});
