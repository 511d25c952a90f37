// @vitest-environment jsdom
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dismiss, toasts } from "../parts/toasts.svelte";
import Ending from "./Ending.svelte";

const answer = { isDone: true as const, value: undefined };
const refused = { isDone: false as const, code: "busy", detail: "Busy.", retryAfterS: 0 };

function press(name: string): void {
  const buttons = [...document.querySelectorAll<HTMLElement>("button")];
  buttons.find((button) => (button.ariaLabel ?? button.textContent.trim()) === name)?.click();
  flushSync();
}

describe("the end of a thing", () => {
  const end = vi.fn();
  let shown: object;

  beforeEach(() => {
    // Of dialogs this browser knows only that they exist.
    HTMLDialogElement.prototype.showModal = () => {};
    HTMLDialogElement.prototype.close = () => {};
    end.mockReset().mockResolvedValue(answer);
    const props = { label: "Close 7", title: "Sure?", text: "It ends.", done: "7 is closed.", end };
    shown = mount(Ending, { target: document.body, props });
    flushSync();
  });

  afterEach(async () => {
    await unmount(shown);
    toasts().forEach((notice) => dismiss(notice.id));
  });

  it("is asked first, and does not come by another answer", () => {
    press("Close 7");
    expect(document.querySelector("dialog")?.textContent).toContain("It ends.");
    press("shared.cancel");
    expect(document.querySelector("dialog")).toBeNull();
    expect(end).not.toHaveBeenCalled();
  });

  it("comes once, and is told", async () => {
    press("Close 7");
    document.querySelector<HTMLElement>("dialog .danger.primary")?.click();
    await vi.waitFor(() => expect(toasts()).toHaveLength(1));
    expect(end).toHaveBeenCalledOnce();
    expect(toasts()[0]).toMatchObject({ kind: "good", text: "7 is closed." });
  });

  it("says why it was refused", async () => {
    end.mockResolvedValue(refused);
    press("Close 7");
    document.querySelector<HTMLElement>("dialog .danger.primary")?.click();
    await vi.waitFor(() => expect(toasts()).toHaveLength(1));
    expect(toasts()[0]).toMatchObject({ kind: "problem", text: "admin.problems.other" });
  });
});
