// @vitest-environment jsdom
import { beforeEach, expect, it } from "vitest";
import { actionOf } from "./keys";

beforeEach(() => {
  document.body.innerHTML =
    "<p>text</p><button></button><select></select><input type=range>" +
    "<div role=tablist><button id=tab></button></div><div class=cm-editor><i></i></div>";
});

/** What a key does, pressed in an element. */
function done(where: string, key: string, more: KeyboardEventInit = {}): string[] {
  const calls: string[] = [];
  const event = new KeyboardEvent("keydown", { key, bubbles: true, ...more });
  document.querySelector(where)?.dispatchEvent(event);
  actionOf(event)?.({
    leap: (by) => calls.push(`leap ${by}`),
    step: (by) => calls.push(`step ${by}`),
    toEnd: () => calls.push("end"),
    toStart: () => calls.push("start"),
    toggle: () => calls.push("toggle"),
  });
  return calls;
}

it.each([
  [" ", {}, "toggle"],
  ["ArrowLeft", {}, "step -1"],
  ["ArrowRight", {}, "step 1"],
  ["ArrowLeft", { shiftKey: true }, "leap -1"],
  ["ArrowRight", { shiftKey: true }, "leap 1"],
  ["Home", {}, "start"],
  ["End", {}, "end"],
])("the key %j with %j: %s", (key, more, expected) => {
  expect(done("p", key, more)).toEqual([expected]);
  // On the slider, too, which has keys of its own otherwise.
  expect(done("input", key, more)).toEqual([expected]);
});

it("means something else to whoever has it already", () => {
  expect(done("p", "ArrowLeft", { altKey: true })).toEqual([]);
  expect(done("p", "x")).toEqual([]);
  expect(done("button", " ")).toEqual([]);
  expect(done("button", "ArrowLeft")).toEqual(["step -1"]);
  for (const where of ["select", "#tab", ".cm-editor i"]) {
    expect(done(where, "ArrowLeft"), where).toEqual([]);
  }
});
