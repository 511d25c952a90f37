// @vitest-environment jsdom
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Link } from "../wire/socket";
import Connection from "./Connection.svelte";
import { isControlUnder } from "./covering";

const at = (left: number, top: number, right: number, bottom: number): DOMRect =>
  new DOMRect(left, top, right - left, bottom - top);
const NOTICE = at(100, 0, 400, 50);

const props = $state<{ link: Link | undefined; retry: () => void }>({
  link: undefined,
  retry: () => {},
});
let shown: object;

function found(selector: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(selector);
  if (element === null) {
    throw new Error(`no ${selector}`);
  }
  return element;
}

const status = (): HTMLElement => found("[role=status]");
const buttons = (): string[] =>
  [...document.querySelectorAll<HTMLElement>(".connection button")].map(
    (button) => button.ariaLabel ?? button.textContent.trim(),
  );

function become(link: Link | undefined): void {
  props.link = link;
  flushSync();
}

/** A field of the page, somewhere. */
function fieldAt(place: DOMRect): HTMLElement {
  const field = document.body.appendChild(document.createElement("input"));
  field.getBoundingClientRect = () => place;
  return field;
}

describe("the notice of a lost connection", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
    props.link = "connecting";
    shown = mount(Connection, { target: document.body, props });
    found(".notice").getBoundingClientRect = () => NOTICE;
    flushSync();
  });

  afterEach(async () => {
    await unmount(shown);
    document.body.replaceChildren();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("is not there while a page connects as quickly as usual", () => {
    expect(status().textContent).toBe("");
    vi.advanceTimersByTime(1_000);
    flushSync();
    expect(status().textContent).toBe("shared.link.connecting");
  });

  it("says once that it is lost, and once that it is back", () => {
    become("open");
    expect(status().textContent).toBe("");
    const said: (string | null)[] = [];
    const notes = new MutationObserver(() => said.push(status().textContent));
    notes.observe(status(), { childList: true, characterData: true, subtree: true });
    const heard = (): void => {
      if (notes.takeRecords().length > 0) {
        said.push(status().textContent);
      }
    };
    for (const link of ["lost", "lost", "open", "open"] as const) {
      become(link);
      heard();
    }
    expect(said).toEqual(["shared.link.lost", "shared.link.open"]);
  });

  it("is made small and large by the same button, and is said only once for that", () => {
    become("lost");
    expect(buttons()).toEqual(["shared.link.retry", "shared.link.fold"]);
    const fold = found(".fold");
    const text = status().firstChild;
    fold.focus();
    fold.click();
    flushSync();
    expect(buttons()).toEqual(["shared.link.unfold"]);
    expect(document.activeElement).toBe(document.querySelector(".fold"));
    expect(status().firstChild).toBe(text);
    fold.click();
    flushSync();
    expect(buttons()).toEqual(["shared.link.retry", "shared.link.fold"]);
  });

  it("makes way for a control that has the focus, and comes back", () => {
    become("lost");
    const under = fieldAt(at(350, 10, 450, 40));
    under.focus();
    flushSync();
    expect(document.querySelector(".folded")).not.toBeNull();
    fieldAt(at(350, 45, 450, 90)).focus(); // beneath it as it was before
    flushSync();
    expect(document.querySelector(".folded")).not.toBeNull();
    fieldAt(at(0, 100, 100, 140)).focus();
    flushSync();
    expect(document.querySelector(".folded")).toBeNull();
  });

  it("makes way at once for what has the focus when the connection goes", () => {
    fieldAt(at(350, 10, 450, 40)).focus();
    become("lost");
    expect(document.querySelector(".folded")).not.toBeNull();
  });
});

describe("a notice lies over", () => {
  it.each([
    ["a control beneath it", at(200, 10, 250, 40), true],
    ["a part of a control", at(390, 40, 500, 80), true],
    ["nothing beside it", at(400, 0, 500, 40), false],
    ["nothing below it", at(100, 50, 200, 90), false],
    ["the edge of an area, which does not count", at(0, 20, 1000, 600), false],
  ])("%s", (_, control, isUnder) => {
    expect(isControlUnder(control, NOTICE)).toBe(isUnder);
  });
});
