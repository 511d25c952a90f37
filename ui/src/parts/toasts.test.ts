import { beforeEach, describe, expect, it, vi } from "vitest";
import { dismiss, hold, release, take, toast, toasts } from "./toasts.svelte";

const texts = () => toasts().map(({ text }) => text);
const newest = () => toasts().at(-1) ?? { id: -1, kind: "info" as const, text: "" };

beforeEach(() => {
  vi.useFakeTimers();
  toasts().forEach(({ id }) => dismiss(id));
});

describe("a notice", () => {
  it("goes by itself, a problem later than good news, and one that offers something as late", () => {
    toast("saved", "good");
    toast("failed", "problem");
    toast("accepted", "good", { label: "Undo", act: () => {} });
    vi.advanceTimersByTime(5_000);
    expect(texts()).toEqual(["failed", "accepted"]);
    vi.advanceTimersByTime(7_000);
    expect(texts()).toEqual([]);
  });

  it("stays while it is held, and has its time anew from then on", () => {
    toast("saved");
    const { id } = newest();
    vi.advanceTimersByTime(4_000);
    hold(id);
    vi.advanceTimersByTime(60_000);
    expect(texts()).toEqual(["saved"]);
    release(id);
    vi.advanceTimersByTime(4_999);
    expect(texts()).toEqual(["saved"]);
    vi.advanceTimersByTime(1);
    expect(texts()).toEqual([]);
  });

  it("does what it offers once, and is gone", () => {
    const act = vi.fn();
    toast("accepted", "good", { label: "Undo", act });
    take(newest());
    expect(act).toHaveBeenCalledOnce();
    expect(texts()).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(act).toHaveBeenCalledOnce();
  });

  it("that comes again is shown once; four are shown, the last ones", () => {
    for (const text of ["a", "b", "c", "a", "d", "e"]) {
      toast(text);
    }
    expect(texts()).toEqual(["c", "a", "d", "e"]);
  });
});
