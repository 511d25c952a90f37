// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { moment, Network, untilTriedAgain } from "../class/network";
import type { Page, Scene } from "../class/scenes";
import { NOTHING_UNSAID, unsaidIn } from "./remembered";
import { StudentSession } from "./session.svelte";

const ROOM = 123456;
const CHANGED = { files: [{ filename: "main.py", content: "print(2)\n" }], open: "main.py" };
const CODE = { files: [{ filename: "main.py", content: "print(1)\n" }], open: "main.py" };

let network: Network;
let session: StudentSession;

/** A student's page is loaded. */
async function arrive(page: Page, ...scenes: Scene[]): Promise<void> {
  network = new Network(page);
  void network.play(...scenes);
  session = new StudentSession(ROOM);
  session.change(CODE);
  session.open();
  await moment();
}

async function anna(): Promise<void> {
  await arrive("anna");
  session.join("Anna");
  await network.play("Anna joins");
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
});

afterEach(() => {
  session.close();
  vi.useRealTimers();
  expect(network.unexpected).toEqual([]);
});

const words = () => session.talk.waiting.map(({ content }) => content);
const said = () => session.state.messages.map(({ content }) => content);
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const wake = () => document.dispatchEvent(new Event("visibilitychange"));

const ALONE = {
  isConnected: true,
  teacher: "here",
  isWatched: false,
  isRecorded: true,
  call: "none",
};
const WATCHED = { ...ALONE, isWatched: true };
const AWAY = { ...ALONE, teacher: "away" };
const NOBODY_KNOWS = {
  isConnected: false,
  teacher: "unknown",
  isWatched: false,
  isRecorded: false,
  call: "none",
};

describe("the signs on a student's page", () => {
  it("are those of a class in which all is well", async () => {
    await anna();
    expect(session.signs).toEqual(ALONE);
    await network.play("the teacher watches Anna");
    expect(session.signs).toEqual(WATCHED);
    await network.play("tasks are handed out");
    const needed = network.play("Anna needs help with the first task");
    session.ask("1", "");
    expect(session.signs.call).toBe("unsent");
    await needed;
    expect(session.signs.call).toBe("known");
  });

  it("say that the teacher is away to whoever joins meanwhile, and who knows of what then", async () => {
    await arrive("dora");
    session.join("Dora");
    await network.play("Dora joins while the teacher is away");
    expect(session.signs).toEqual(AWAY);
    await network.play("Dora and Anna need help meanwhile");
    session.ask(undefined, "");
    session.talk.say("Hello?");
    expect(words()).toEqual(["Hello?"]);
    await moment();
    expect([words(), said()]).toEqual([[], ["Hello?"]]);
    expect(session.signs).toEqual({ ...AWAY, call: "waiting" });
    await network.play("the teacher is back");
    expect(session.signs).toEqual({ ...ALONE, call: "known" });
  });

  it("say that nobody watches any more when the teacher leaves while watching", async () => {
    await anna();
    await network.play("the teacher watches Anna", "the teacher leaves while watching");
    expect(session.signs).toEqual(AWAY);
    session.change(CHANGED);
    await network.play("Anna types");
    await later(3_000);
    await network.play("the teacher is back");
    expect(session.signs).toEqual(ALONE);
    await network.play("the teacher watches again");
    expect(session.signs).toEqual(WATCHED);
  });

  it("say nothing of anybody without a server, and keep what is said and called meanwhile", async () => {
    await anna();
    await network.play("the teacher watches Anna");
    await network.cut();
    expect(session.state.link).toBe("lost");
    expect(session.signs).toEqual(NOBODY_KNOWS);
    session.talk.say("one");
    session.ask(undefined, "");
    await later(60_000);
    expect(words()).toEqual(["one"]);
    expect(session.signs).toEqual({ ...NOBODY_KNOWS, call: "unsent" });
    network.isDown = false;
    const back = network.play("Anna is back", "Anna says one", "Anna calls for help");
    session.retry();
    await back;
    await untilTriedAgain();
    expect(words()).toEqual([]);
    expect(said().filter((content) => content === "one")).toEqual(["one"]);
    expect(session.signs).toEqual({ ...ALONE, call: "known" });
  });

  it("keep what was set without a server over a reload, until the server has it", async () => {
    await anna();
    await network.play("tasks are handed out");
    await network.cut();
    session.setStatus("10", "IN_PROGRESS");
    session.ask(undefined, "");
    session.talk.say("one");
    session.close();
    expect(new StudentSession(ROOM).signs).toEqual({ ...NOBODY_KNOWS, call: "unsent" });
    await arrive("anna", "Anna is back", "the server can save again", "Anna says one");
    await moment();
    expect(session.signs).toEqual({ ...ALONE, call: "known" });
    expect(words()).toEqual([]);
    expect(unsaidIn(ROOM, 2)).toEqual(NOTHING_UNSAID);
  });

  it("say that nobody knows while the server cannot save, and it is told again", async () => {
    await anna();
    await network.play("the server cannot save");
    session.talk.say("one");
    session.ask(undefined, "");
    await moment();
    expect(words()).toEqual(["one"]);
    expect(session.signs.call).toBe("unsent");
    void network.play("the server can save again", "Anna says one");
    await later(6_000);
    expect(words()).toEqual([]);
    expect(session.signs.call).toBe("known");
  });

  it("are out within five seconds after a sleep in which the server gave up", async () => {
    await anna();
    network.swallow();
    // No timer has run meanwhile.
    vi.setSystemTime(Date.now() + 3_600_000);
    void network.play("Anna is back");
    wake();
    await later(5_000);
    expect(session.signs).toEqual(ALONE);
    session.change(CHANGED);
    await network.play("Anna types");
    await later(1_000);
    await network.play("the teacher watches Anna who is back");
    expect(session.signs).toEqual(WATCHED);
    expect(network.lines).toHaveLength(2);
  });

  it.each([
    ["the page is looked at", wake],
    ["the page is shown again", () => pageShown()],
    ["a frozen page goes on", () => document.dispatchEvent(new Event("resume"))],
    ["the browser has a network", () => dispatchEvent(new Event("online"))],
    ["the browser has none", () => dispatchEvent(new Event("offline"))],
  ])("of a half-open network are out within five seconds when %s", async (_, happens) => {
    await anna();
    await network.play("the teacher watches Anna");
    network.swallow();
    network.isDown = true;
    happens();
    await later(5_000);
    expect(session.signs).toEqual(NOBODY_KNOWS);
  });

  it("of a half-open network are out by themselves when the server's pings stay away", async () => {
    await anna();
    network.swallow();
    session.talk.say("one");
    network.isDown = true;
    await later(45_000);
    expect(session.signs).toEqual(NOBODY_KNOWS);
    expect(words()).toEqual(["one"]);
  });

  it("stay as they are on a page that wakes with a path that is alive", async () => {
    await anna();
    await network.play("the teacher watches Anna");
    wake();
    await later(5_000);
    expect(session.signs).toEqual(WATCHED);
    expect(network.lines).toHaveLength(1);
  });
});

describe("what a student writes", () => {
  it("goes into the history while nobody watches, and as a whole over each connection", async () => {
    await anna();
    session.change(CHANGED);
    void network.play("Anna types");
    await later(1_500);
    expect(network.notAsked).toEqual([]);
    await network.cut();
    network.isDown = false;
    session.change(CODE);
    void network.play("Anna is back");
    session.retry();
    await untilTriedAgain();
    expect(network.notAsked).toEqual([]);
  });
});

function pageShown(): void {
  dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
}
