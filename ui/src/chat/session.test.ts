// @vitest-environment jsdom
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ANSWER_MS } from "../wire/chat";
import { keptIdentity, type Identity } from "./identity";
import { Line, ModelServer } from "./modelserver";
import { ChatSession } from "./session.svelte";

const ANN: Identity = { name: "Ann", phone: "111", token: "x".repeat(22), wasIn: true };

declare const setImmediate: (run: (value: unknown) => void) => void;

const STEP_MS = 2_000;
const EMPTY = { type: "state", chats: [] };

let server: ModelServer;
let pages: Page[];

beforeEach(() => {
  // The database of the tests lives on `setImmediate`, and that goes on.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  server = new ModelServer();
  pages = [];
  server.names.set("222", "Ben");
  server.does("222", { type: "create_chat", name: "team" });
  server.names.set(ANN.phone, ANN.name);
  server.does("222", { type: "add_member", chat: "team", phone: ANN.phone });
});

afterEach(async () => {
  pages.forEach((page) => page.close());
  await quiet();
  vi.useRealTimers();
  globalThis.indexedDB = new IDBFactory();
});

/** A tab with the chat page. */
class Page {
  readonly lines: Line[] = [];
  readonly session: ChatSession;

  constructor(identity: Identity = ANN) {
    pages.push(this);
    this.session = new ChatSession(identity, () => {
      const line = server.line();
      this.lines.push(line);
      return line;
    });
    void this.session.start();
  }

  get line(): Line | undefined {
    return this.lines.at(-1);
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
    isMoving = pages.some((page) => carry(page.line));
  }
  if (ms > 0) {
    await vi.advanceTimersByTimeAsync(Math.min(ms, STEP_MS));
    await calm(ms - STEP_MS);
  }
}

function carry(line: Line | undefined): boolean {
  if (line === undefined || line.isDead) {
    return false;
  }
  if (line.onopen !== null && line.phone === undefined && line.up.length === 0) {
    line.open();
  }
  const isUp = line.carryUp();
  return line.carryDown() || isUp;
}

async function comeIn(identity?: Identity): Promise<Page> {
  const page = new Page(identity);
  await calm();
  return page;
}

const saidBy = (phone: string) =>
  server.stored.filter((message) => message.from === phone).map((message) => message.text);

describe("a message", () => {
  it("waits until its echo has come", async () => {
    const page = await comeIn();
    await page.session.write("team", "hello");
    await quiet();
    expect(page.waiting()).toEqual(["hello"]);
    expect(page.texts()).toEqual([]);
    await calm();
    expect(page.waiting()).toEqual([]);
    expect(page.texts()).toEqual(["hello"]);
  });

  it("that is written while offline is sent on return, in order, once", async () => {
    const page = await comeIn();
    page.line?.cut(0);
    page.line?.notice();
    for (const text of ["one", "two", "two", "three"]) {
      await page.session.write("team", text);
    }
    await calm(20_000);
    expect(saidBy("111")).toEqual(["one", "two", "two", "three"]);
    expect(page.texts()).toEqual(["one", "two", "two", "three"]);
    expect(page.waiting()).toEqual([]);
  });

  it("that was saved is not sent again when its echo was lost", async () => {
    const page = await comeIn();
    await page.session.write("team", "once");
    await quiet();
    page.line?.cut(1);
    page.line?.notice();
    await calm(30_000);
    expect(saidBy("111")).toEqual(["once"]);
    expect(page.texts()).toEqual(["once"]);
    expect(page.waiting()).toEqual([]);
  });

  it("that was not saved is sent again when its connection was lost", async () => {
    const page = await comeIn();
    await page.session.write("team", "again");
    await quiet();
    page.line?.cut(0);
    page.line?.notice();
    await calm(30_000);
    expect(saidBy("111")).toEqual(["again"]);
    expect(page.waiting()).toEqual([]);
  });

  it("in the words of one before is not taken for that when it is told again", async () => {
    const page = await comeIn();
    await page.session.write("team", "ok");
    await page.session.write("team", "ok");
    await quiet();
    page.line?.carryUp();
    page.line?.carryDown(); // the first one's echo, which the server never knows to have arrived
    await quiet();
    page.line?.cut(0);
    page.line?.notice();
    await calm(30_000);
    expect(saidBy("111")).toEqual(["ok", "ok"]);
    expect(page.waiting()).toEqual([]);
  });

  it("is not sent again while the server still tells what was missed", async () => {
    const page = await comeIn();
    for (const text of ["1", "2", "3"]) {
      server.does("222", { type: "send_message", chat: "team", message: text });
    }
    await page.session.write("team", "last of all");
    await quiet();
    page.line?.cut(1);
    page.line?.notice();
    await vi.advanceTimersByTimeAsync(1_000);
    page.line?.open();
    page.line?.carryUp();
    page.line?.carryDown(); // the first part
    await quiet();
    await vi.advanceTimersByTimeAsync(5_000);
    await calm(30_000);
    expect(saidBy("111")).toEqual(["last of all"]);
    expect(page.waiting()).toEqual([]);
  });

  it("outlives a reload", async () => {
    const page = await comeIn();
    page.line?.cut(0);
    await page.session.write("team", "kept");
    await quiet();
    page.close();
    await comeIn();
    await calm(30_000);
    expect(saidBy("111")).toEqual(["kept"]);
  });

  it("is found to be lost on a connection that only seems to live", async () => {
    const page = await comeIn();
    await page.session.write("team", "into the void");
    await quiet();
    page.line?.cut(0); // and nobody notices
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    await calm(30_000);
    expect(saidBy("111")).toEqual(["into the void"]);
  });

  it("that is declined for good stays, with the reason, and the next one goes", async () => {
    const page = await comeIn();
    server.declineNext = "text_too_long";
    await page.session.write("team", "long");
    await page.session.write("team", "short");
    await calm();
    expect(page.state.queue).toMatchObject([{ text: "long", refused: "text_too_long" }]);
    expect(saidBy("111")).toEqual(["short"]);
    await page.session.tryAgain(page.state.queue[0]?.key ?? 0);
    await calm();
    expect(saidBy("111")).toEqual(["short", "long"]);
  });

  it("that is declined for now is sent a little later", async () => {
    const page = await comeIn();
    server.declineNext = "cannot_save";
    await page.session.write("team", "patience");
    await calm();
    expect(saidBy("111")).toEqual([]);
    await calm(5_000);
    expect(saidBy("111")).toEqual(["patience"]);
  });

  it("that is larger than a frame may be is not sent for ever", async () => {
    const page = await comeIn();
    await page.session.write("team", "huge");
    await quiet();
    page.line?.cut(0);
    page.line?.notice(true, 1009);
    await calm(30_000);
    expect(page.state.queue).toMatchObject([{ text: "huge", refused: "text_too_long" }]);
    expect(saidBy("111")).toEqual([]);
  });

  it("to a chat that has gone meanwhile is shown as not sent", async () => {
    const page = await comeIn();
    page.line?.cut(0);
    await page.session.write("team", "too late");
    server.does("222", { type: "delete_chat", chat: "team" });
    await calm(30_000);
    expect(page.state.queue).toMatchObject([{ text: "too late", refused: "not_a_member" }]);
    expect(page.state.chats["team"]?.gone).toBe("removed");
    await page.session.dismiss("team");
    expect(page.state.chats).toEqual({});
    expect(page.waiting()).toEqual([]);
  });
});

describe("several tabs of a phone", () => {
  it("show the same, and send each message once", async () => {
    const [one, two] = [await comeIn(), await comeIn()];
    await Promise.all([one.session.write("team", "a"), two.session.write("team", "b")]);
    server.does("222", { type: "send_message", chat: "team", message: "hi" });
    await calm(30_000);
    expect(saidBy("111").sort()).toEqual(["a", "b"]);
    expect(one.texts().sort()).toEqual(["a", "b", "hi"]);
    expect(two.texts()).toEqual(one.texts());
    expect([...one.waiting(), ...two.waiting()]).toEqual([]);
  });
});

describe("the history", () => {
  it("of a chat that is new to this browser is fetched, and is nothing new", async () => {
    for (const text of ["one", "two", "three"]) {
      server.does("111", { type: "send_message", chat: "team", message: text });
    }
    const page = await comeIn();
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

  it("of which another device was told a part has no hole here", async () => {
    const say = (text: string) =>
      server.does("222", { type: "send_message", chat: "team", message: text });
    const page = await comeIn();
    say("one");
    await calm();
    await page.session.open("team");
    page.session.look(true);
    await quiet();
    page.close();
    await calm();
    server.heardElsewhere("111", () => ["two", "three"].forEach(say));
    say("four");
    const again = await comeIn();
    expect(again.texts()).toEqual(["one", "two", "three", "four"]);
    expect(again.state.chats["team"]?.isChecked).toBe(true);
  });

  it("is not said to be empty before the server has said so", async () => {
    const page = new Page();
    await quiet();
    page.line?.open();
    page.line?.carryUp();
    page.line?.carryDown();
    await quiet();
    expect(page.state.chats["team"]).toMatchObject({ messages: [], isFromBeginning: false });
    await calm();
    expect(page.state.chats["team"]).toMatchObject({ messages: [], isFromBeginning: true });
  });

  it("is there on the next visit, with what came meanwhile marked as unread", async () => {
    const page = await comeIn();
    server.does("222", { type: "send_message", chat: "team", message: "before" });
    await calm();
    await page.session.open("team");
    page.session.look(true);
    await quiet();
    page.close();
    await calm();
    server.does("222", { type: "send_message", chat: "team", message: "meanwhile" });
    const again = await comeIn();
    expect(again.texts()).toEqual(["before", "meanwhile"]);
    await again.session.open("team");
    expect(again.state.open?.newAfter).toBe("00000001");
  });

  it("of a chat that was deleted is gone", async () => {
    const page = await comeIn();
    server.does("222", { type: "send_message", chat: "team", message: "secret" });
    await calm();
    server.does("222", { type: "delete_chat", chat: "team" });
    server.does("222", { type: "create_chat", name: "team" });
    server.does("222", { type: "add_member", chat: "team", phone: "111" });
    await calm();
    await page.session.open("team");
    expect(page.texts()).toEqual([]);
  });

  it("is forgotten with the identity", async () => {
    const page = await comeIn();
    await page.session.write("team", "mine");
    await calm();
    await page.session.logOut();
    pages = [];
    const again = new Page();
    await quiet();
    expect(again.state.chats).toEqual({});
  });
});

/** The same numbers for the same seed, between 0 and 1 (mulberry32). */
function randomOf(seed: number): () => number {
  let now = seed;
  return () => {
    now = (now + 0x6d2b79f5) | 0;
    let mixed = Math.imul(now ^ (now >>> 15), 1 | now);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Somebody at a page, and a network, which do whatever the dice say. */
class Chance {
  readonly written: string[] = [];
  private page = new Page();

  constructor(private readonly random: () => number) {}

  private readonly steps: readonly (() => Promise<void> | void)[] = [
    () => this.write(),
    () => this.write(),
    () => this.up(),
    () => this.up(),
    () => void this.page.line?.carryDown(),
    () => void this.page.line?.carryDown(),
    () => this.cut(),
    () => {
      if (this.page.line?.isDead) {
        this.page.line.notice();
      }
    },
    () => void vi.advanceTimersByTime(this.random() * 12_000),
    () => this.reload(),
    () => server.does("222", { type: "send_message", chat: "team", message: "ok" }),
  ];

  async step(): Promise<void> {
    await this.pick(this.steps)?.();
    await quiet();
  }

  /** From now on nothing breaks. */
  async heal(): Promise<Page> {
    for (let round = 0; round < 12 && (round < 3 || this.page.waiting().length > 0); round++) {
      await calm(12_000);
    }
    await this.page.session.open("team");
    await quiet();
    return this.page;
  }

  private async write(): Promise<void> {
    const text = this.pick(["ok", "ok", "no", `text ${this.written.length}`]) ?? "";
    this.written.push(text);
    await this.page.session.write("team", text);
  }

  private up(): void {
    const line = this.page.line;
    if (line && !line.isDead && line.phone === undefined && line.up.length === 0) {
      line.open();
    }
    line?.carryUp();
  }

  private cut(): void {
    const line = this.page.line;
    line?.cut(Math.floor(this.random() * (line.up.length + 1)));
  }

  private async reload(): Promise<void> {
    this.page.close();
    await quiet();
    this.page = new Page();
  }

  private pick<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.random() * choices.length)];
  }
}

describe("a key to the phone", () => {
  it("that the server gives for a code is kept at once", async () => {
    const page = await comeIn({ ...ANN, token: "AB12-CD34-EF56", wasIn: false });
    page.line?.down.push({ text: JSON.stringify({ ...EMPTY, token: "new" }), position: undefined });
    await calm();
    expect(page.session.identity.token).toBe("new");
    expect(keptIdentity()).toMatchObject({ token: "new", wasIn: true });
  });

  it("that is replaced elsewhere ends the session, and says so", async () => {
    const page = await comeIn();
    const told = { type: "error", detail: "", operation: null, code: "logged_out" };
    page.line?.down.push({ text: JSON.stringify(told), position: undefined });
    await calm();
    expect(page.session.refusal?.code).toBe("logged_out");
    expect(page.session.link).toBe("ended");
  });
});

describe("whatever is cut, and whenever", () => {
  const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

  it.each(seeds)("nothing is lost, sent twice or out of order (seed %i)", async (seed) => {
    const chance = new Chance(randomOf(seed));
    await calm();
    for (let step = 0; step < 40; step++) {
      await chance.step();
    }
    const page = await chance.heal();
    expect(page.waiting()).toEqual([]);
    expect(saidBy("111")).toEqual(chance.written);
    expect(page.texts()).toEqual(server.stored.map((message) => message.text));
  });
});
