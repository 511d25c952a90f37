// @vitest-environment jsdom
import { flushSync, mount, unmount } from "svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import News from "./News.svelte";
import { canNotify, chooseDesktop, chooseSound, chosen, tell } from "./notices.svelte";

const shown: { title: string; body: string | undefined }[] = [];
let rung = 0;
let answer: NotificationPermission = "granted";

class FakeNotification {
  static permission: NotificationPermission = "default";
  static requestPermission(): Promise<NotificationPermission> {
    return Promise.resolve(answer);
  }
  constructor(title: string, options: NotificationOptions) {
    shown.push({ title, body: options.body });
  }
}

class FakeAudio {
  currentTime = 0;
  destination = {};
  resume = (): Promise<void> => Promise.resolve();
  createGain = (): object => ({
    gain: { setValueAtTime: () => {}, exponentialRampToValueAtTime: () => {} },
    connect: () => {},
  });
  createOscillator = (): object => ({
    frequency: { value: 0 },
    connect: (next: unknown) => next,
    start: () => (rung += 1),
    stop: () => {},
  });
}

function looking(isLooking: boolean): void {
  vi.spyOn(document, "hasFocus").mockReturnValue(isLooking);
}

describe("a notice", () => {
  beforeEach(async () => {
    vi.stubGlobal("Notification", FakeNotification);
    vi.stubGlobal("AudioContext", FakeAudio);
    vi.stubGlobal("isSecureContext", true);
    answer = "granted";
    chooseSound(false);
    await chooseDesktop(false);
    shown.length = rung = 0;
    looking(false);
  });

  it("is neither heard nor shown until somebody asks for it", () => {
    tell("Class", "Help");
    expect([rung, shown]).toEqual([0, []]);
  });

  it("sounds when chosen, and at once when it is chosen", () => {
    chooseSound(true);
    expect(rung).toBe(2);
    tell("Class", "Help");
    expect(rung).toBe(4);
  });

  it("is shown to whoever looks elsewhere, and to nobody else", async () => {
    await chooseDesktop(true);
    tell("Class", "Help");
    looking(true);
    tell("Class", "Again");
    expect(shown).toEqual([{ title: "Class", body: "Help" }]);
  });

  it("stays off where the browser does not allow it", async () => {
    answer = "denied";
    await chooseDesktop(true);
    expect(chosen().desktop).toBe(false);
  });

  it("cannot be chosen on plain HTTP", () => {
    vi.stubGlobal("isSecureContext", false);
    expect(canNotify()).toBe(false);
  });

  it("comes with each thing more that waits, and the title counts them", () => {
    chooseSound(true);
    rung = 0;
    const props = $state({ count: 1, title: "Class", text: "Help" });
    const news = mount(News, { target: document.body, props });
    flushSync();
    expect([document.title, rung]).toEqual(["(1) Class", 0]);
    props.count = 3;
    flushSync();
    expect([document.title, rung]).toEqual(["(3) Class", 2]);
    props.count = 0;
    flushSync();
    expect([document.title, rung]).toEqual(["Class", 2]);
    void unmount(news);
  });
});
