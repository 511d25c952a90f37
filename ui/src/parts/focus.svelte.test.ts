// @vitest-environment jsdom
import { flushSync, tick } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import { keepFocus } from "./focus";

afterEach(() => document.body.replaceChildren());

function page(): Record<"part" | "inner" | "outer" | "next", HTMLElement> {
  document.body.innerHTML =
    "<div id=part><button id=inner></button></div><button id=outer></button><button id=next></button>";
  const [part, inner, outer, next] = ["part", "inner", "outer", "next"].map((id) =>
    document.getElementById(id),
  ) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  return { part, inner, outer, next };
}

describe("the focus", () => {
  it.each([
    ["goes on nearby when what had it is gone", "inner", true, "next"],
    ["stays where it is as long as that is there", "inner", false, "inner"],
    ["is nobody's business elsewhere", "outer", true, "outer"],
  ] as const)("%s", async (_, focused, isTaken, expected) => {
    const here = page();
    here[focused].focus();
    keepFocus(here.part, () => here.next);
    if (isTaken) {
      here.inner.remove();
    }
    flushSync();
    await tick();
    await tick();
    expect(document.activeElement).toBe(here[expected]);
  });
});
