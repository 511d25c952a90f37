// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Desk } from "./editing";
import type { TableCommand } from "./richtables";

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
  desk.editor.load("<p>before</p>");
});
afterEach(() => desk.close());

/** Rows of a table as `th td` each. */
function shape(): string[] {
  return [...desk.area.querySelectorAll("tr")].map((row) =>
    [...row.children].map(({ tagName }) => tagName.toLowerCase()).join(" "),
  );
}

describe("a new table", () => {
  beforeEach(() => desk.editor.addTable());

  it("has a head and two rows, and is Quill's HTML", () => {
    expect(shape()).toEqual(["th th", "td td", "td td"]);
    expect(desk.html).toContain("<table><tbody><tr><th");
    expect(desk.editor.is("tableHeader")).toBe(true);
  });

  it("is gone over by Tab, cell by cell, and grows behind the last", () => {
    for (let cell = 0; cell < 5; cell += 1) {
      expect(desk.press("Tab")).toBe(true);
    }
    expect(shape()).toHaveLength(3);
    expect(desk.editor.is("tableCell")).toBe(true);
    desk.press("Tab");
    expect(shape()).toEqual(["th th", "td td", "td td", "td td"]);
    for (let cell = 0; cell < 6; cell += 1) {
      desk.press("Tab", { shiftKey: true });
    }
    expect(desk.editor.is("tableHeader")).toBe(true);
  });

  it.each<[TableCommand, string[]]>([
    ["addRow", ["th th", "td td", "td td", "td td"]],
    ["addColumn", ["th th th", "td td td", "td td td"]],
    ["deleteRow", ["td td", "td td"]],
    ["deleteColumn", ["th", "td", "td"]],
    ["deleteTable", []],
  ])("%s", (command, expected) => {
    desk.editor.changeTable(command);
    expect(shape()).toEqual(expected);
  });
});

it("a cell that takes several places keeps them", () => {
  const html =
    '<table><tbody><tr><td colspan="2">a</td></tr><tr><td>b</td><td>c</td></tr></tbody></table>';
  desk.select(`${html}<p>end</p>`).editor.run("bold");
  desk.editor.run("bold");
  expect(desk.html).toContain(html);
});
