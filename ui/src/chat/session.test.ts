// @vitest-environment jsdom
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ANSWER_MS } from "../wire/chat";
import { keptIdentity, type Identity } from "./identity";
import { Replay, type Keys, type Scene } from "./replay";
import { ChatSession } from "./session.svelte";

const ANN: Identity = { name: "Ann", phone: "111", token: "x".repeat(22), wasIn: true };
const WRITTEN = ["one", "two", "two"] as const;

declare const setImmediate: (run: (value: unknown) => void) => void;

const STEP_MS = 2_000;

let keys: Keys;
let pages: Page[];
let lines: Replay[];

beforeEach(() => {
  // The database of the tests lives on `setImmediate`, and that goes on.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  keys = new Map();
  pages = [];
  lines = [];
});

afterEach(async () => {
  pages.forEach((page) => page.close());
  await quiet();
  vi.useRealTimers();
  globalThis.indexedDB = new IDBFactory();
  expect(lines.flatMap((line) => line.unexpected)).toEqual([]);
});

/** A tab with the chat page, and what happens on each of its connections, one after the other. */
class Page {
  readonly session: ChatSession;
  line: Replay | undefined;

  constructor(connections: Scene[][], identity: Identity = ANN) {
    pages.push(this);
    this.session = new ChatSession(identity, () => {
      this.line = new Replay(connections.shift() ?? [], keys);
      lines.push(this.line);
      return this.line;
    });
    void this.session.start();
  }

  get state() {
    return this.session.store.latest;
  }

  texts(chat = "team"): string[] {
    return this.state.chats[chat]?.messages.map((message) => message.text) ?? [];
  }

  waiting(): string[] {
    return this.state.queue.map((waiting) => waiting.text);
  }

  /** The line breaks, and the browser notices. */
  lose(code?: number): void {
    this.line?.cut();
    this.line?.notice(code);
  }

  close(): void {
    this.session.stop();
  }
}

/** Lets the databases of all pages do what they can without a frame or a timer. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lets everything that lives arrive, and time go by. */
async function calm(ms = 0): Promise<void> {
  for (let isMoving = true; isMoving;) {
    await quiet();
    isMoving = pages.some((page) => page.line?.carry());
  }
  if (ms > 0) {
    await vi.advanceTimersByTimeAsync(Math.min(ms, STEP_MS));
    await calm(ms - STEP_MS);
  }
}

async function comeIn(connections: Scene[][], identity?: Identity): Promise<Page> {
  const page = new Page(connections, identity);
  await calm();
  return page;
}

/** All of what was recorded was asked, on every connection. */
function expectAllAsked(): void {
  expect(lines.flatMap((line) => line.notAsked)).toEqual([]);
}

describe("a message", () => {
  it("waits until its echo has come", async () => {
    const page = await comeIn([["come in", "send 1"]]);
    await page.session.write("team", "one");
    await quiet();
    expect(page.waiting()).toEqual(["one"]);
    expect(page.texts()).toEqual([]);
    await calm();
    expect(page.waiting()).toEqual([]);
    expect(page.texts()).toEqual(["one"]);
  });

  it("that is written while offline is sent on return, in order, once", async () => {
    const page = await comeIn([["come in"], ["come in", "send 1", "send 2", "send 3", "send 4"]]);
    page.lose();
    for (const text of [...WRITTEN, "three"]) {
      await page.session.write("team", text);
    }
    await calm(20_000);
    expect(page.texts()).toEqual([...WRITTEN, "three"]);
    expect(page.waiting()).toEqual([]);
    expectAllAsked();
  });

  it.each([
    [0, 0],
    [0, 1],
    [1, 1],
    [1, 2],
    [2, 2],
    [2, 3],
    [3, 3],
  ])(
    "is said once and in order if the line breaks when the echoes of %i of %i that are saved are here",
    async (heard, saved) => {
      const sends = (["send 1", "send 2", "send 3"] as const).slice(0, Math.min(3, heard + 1));
      const again = `come back after ${heard} of ${saved}` as Scene;
      const page = await comeIn([["come in", ...sends], [again]]);
      for (const text of WRITTEN.slice(0, heard)) {
        await page.session.write("team", text);
        await calm();
      }
      for (const text of WRITTEN.slice(heard)) {
        await page.session.write("team", text);
      }
      await quiet();
      page.lose(); // with the echo of the one that is under way
      await calm(30_000);
      expect(page.texts()).toEqual(WRITTEN);
      expect(page.waiting()).toEqual([]);
      expectAllAsked();
    },
  );

  it("that all tabs send, as they do where there are no locks, is shown once in each", async () => {
    const one = await comeIn([["come in", "send 1"]]);
    await one.session.write("team", "one");
    await quiet(); // it is under way
    const two = new Page([["come in", "send 1"]]);
    do {
      await quiet();
    } while (two.line?.carry() !== false); // which hears the echo first
    await calm();
    for (const tab of [one, two]) {
      expect(tab.texts()).toEqual(["one"]);
      expect(tab.waiting()).toEqual([]);
    }
    expectAllAsked();
  });

  it("outlives a reload", async () => {
    const page = await comeIn([["come in"]]);
    page.line?.cut();
    await page.session.write("team", "one");
    await quiet();
    page.close();
    const again = await comeIn([["come in", "send 1"]]);
    expect(again.texts()).toEqual(["one"]);
    expect(again.waiting()).toEqual([]);
  });

  it("is found to be lost on a connection that only seems to live", async () => {
    const page = await comeIn([
      ["come in", "send 1"],
      ["come in", "send 1"],
    ]);
    await page.session.write("team", "one");
    await quiet();
    page.line?.cut(); // and nobody notices
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    await calm(30_000);
    expect(page.texts()).toEqual(["one"]);
  });

  it("that is declined for good stays, with the reason, and the next one goes", async () => {
    const long = "far too long, ".repeat(3);
    const page = await comeIn([["come in", "decline", "send after that", "decline again"]]);
    await page.session.write("team", long);
    await page.session.write("team", "short");
    await calm();
    expect(page.state.queue).toMatchObject([{ text: long, refused: "text_too_long" }]);
    expect(page.texts()).toEqual(["short"]);
    await page.session.tryAgain(page.state.queue[0]?.key ?? 0);
    await calm();
    expect(page.state.queue).toMatchObject([{ text: long, refused: "text_too_long" }]);
    expectAllAsked();
    await page.session.discard(page.state.queue[0]?.key ?? 0);
    expect(page.waiting()).toEqual([]);
  });

  it("that is declined for now is sent a little later", async () => {
    const page = await comeIn([["come in", "cannot save", "can save again"]]);
    await page.session.write("team", "patience");
    await calm();
    expect(page.waiting()).toEqual(["patience"]);
    await calm(5_000);
    expect(page.texts()).toEqual(["patience"]);
    expectAllAsked();
  });

  it("that is larger than a frame may be is not sent for ever", async () => {
    const page = await comeIn([["come in", "send 1"], ["come in"]]);
    await page.session.write("team", "one");
    await quiet();
    page.lose(1009);
    await calm(30_000);
    expect(page.state.queue).toMatchObject([{ text: "one", refused: "text_too_long" }]);
  });

  it("to a chat that has gone meanwhile is shown as not sent", async () => {
    const page = await comeIn([["come in"], ["come back to nothing"]]);
    page.lose();
    await page.session.write("team", "too late");
    await calm(30_000);
    expect(page.state.queue).toMatchObject([{ text: "too late", refused: "not_a_member" }]);
    expect(page.state.chats["team"]?.gone).toBe("removed");
    await page.session.dismiss("team");
    expect(page.state.chats).toEqual({});
    expect(page.waiting()).toEqual([]);
  });
});

describe("the history", () => {
  it("of a chat that is new to this browser is fetched, and is nothing new", async () => {
    const page = await comeIn([["new device", "scroll up", "scroll to the beginning"]]);
    expect(page.texts()).toEqual(["three"]); // for the list of chats
    await page.session.open("team");
    expect(page.state.open?.newAfter).toBeNull();
    page.session.askOlder("team");
    await calm();
    expect(page.texts()).toEqual(["one", "two", "three"]);
    page.session.askOlder("team");
    await calm();
    expect(page.state.chats["team"]?.isFromBeginning).toBe(true);
  });

  it("of which another device was told a part has no hole here, and that part is unread", async () => {
    const page = await comeIn([["first visit"]]);
    await page.session.open("team");
    page.session.look(true);
    await quiet();
    page.close();
    await calm();
    const again = await comeIn([["second visit"]]);
    expect(again.texts()).toEqual(["one", "two", "three", "four"]);
    await again.session.open("team");
    expect(again.state.open?.newAfter).toBe(again.state.chats["team"]?.messages[0]?.id);
    expectAllAsked();
  });

  it("is not said to be empty before the server has said so", async () => {
    const page = new Page([["come in"]]);
    await quiet();
    page.line?.carry(); // it opens
    page.line?.carry(); // the `state`
    await quiet();
    expect(page.state.chats["team"]).toMatchObject({ messages: [], isFromBeginning: false });
    await calm();
    expect(page.state.chats["team"]).toMatchObject({ messages: [], isFromBeginning: true });
  });

  it("of a chat that was deleted is gone, whatever is called the same", async () => {
    const page = await comeIn([["come in", "deleted and made again"]]);
    await page.session.open("team");
    expect(page.texts()).toEqual([]);
    expect(page.state.chats["team"]?.gone).toBeNull();
    expectAllAsked();
  });

  it("is forgotten with the identity", async () => {
    const page = await comeIn([["come in", "send 1"]]);
    await page.session.write("team", "one");
    await calm();
    await page.session.logOut();
    pages = [];
    const again = new Page([]);
    await quiet();
    expect(again.state.chats).toEqual({});
  });
});

describe("a key to the phone", () => {
  it("that the server gives for a code is kept at once", async () => {
    const code = { ...ANN, token: "AB12-CD34-EF56", wasIn: false };
    const page = await comeIn([["come in with a code"]], code);
    expect(page.session.identity.token).toBe("n".repeat(22));
    expect(keptIdentity()).toMatchObject({ token: "n".repeat(22), wasIn: true });
  });

  it("that is replaced elsewhere ends the session, and says so", async () => {
    const page = await comeIn([["come in", "logged out elsewhere"]]);
    expect(page.session.refusal?.code).toBe("logged_out");
    expect(page.session.link).toBe("ended");
  });
});
