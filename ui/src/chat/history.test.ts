import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";
import { openHistory, type History } from "./history";
import type { Message } from "./model";
import { PassingHistory } from "./passing";

const ME = "111";

function message(number: number, more: Partial<Message> = {}): Message {
  const id = String(number).padStart(8, "0");
  return { id, chat: "team", from: "222", name: "Ben", at: number, text: "hi", ...more };
}

const CHAT = { name: "team", members: [], owner: ME, readUpto: "", wholeUpto: "", activity: 1 };
const WHO = { tab: "tab", connection: "one", now: 1_000 };

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

const KINDS: [string, () => Promise<History>][] = [
  ["stored", () => openHistory(ME)],
  ["passing", () => Promise.resolve(new PassingHistory(ME))],
];

describe.each(KINDS)("a %s history", (_, open) => {
  it("keeps each message once, in order", async () => {
    const history = await open();
    await history.keepMessages([message(2), message(1)]);
    await history.keepMessages([message(2), message(3)]);
    const ids = (await history.messagesOf("team")).map(({ at }) => at);
    expect(ids).toEqual([1, 2, 3]);
  });

  it("begins with the last message of each chat, or with those that were not seen", async () => {
    const history = await open();
    await history.keepMessages([message(1), message(2), message(3)]);
    await history.keepChat({ ...CHAT, readUpto: message(3).id });
    expect((await history.load()).chats[0]?.messages.map(({ at }) => at)).toEqual([3]);
    await history.keepMessages([message(4), message(5)]);
    expect((await history.load()).chats[0]?.messages.map(({ at }) => at)).toEqual([4, 5]);
  });

  it("never unreads", async () => {
    const history = await open();
    await history.keepChat({ ...CHAT, readUpto: "5" });
    await history.keepChat({ ...CHAT, readUpto: "3" });
    expect((await history.load()).chats[0]?.chat.readUpto).toBe("5");
  });

  it("takes a message off the queue with its echo, and only with that", async () => {
    const history = await open();
    await history.enqueue("team", "hi", 1);
    const [{ wireKey } = { wireKey: "" }] = await history.queue();
    await history.keepMessages([message(1, { from: ME })]); // in the same words, without the key
    await history.keepMessages([message(2, { wireKey }), message(3, { from: ME, wireKey: "x" })]);
    expect(await history.queue()).toHaveLength(1);
    await history.keepMessages([message(1, { from: ME, wireKey })]); // though it is known
    expect(await history.queue()).toEqual([]);
  });

  it("gives one message at a time, and the same again on another connection", async () => {
    const history = await open();
    await history.enqueue("team", "one", 1);
    await history.enqueue("team", "two", 2);
    const first = await history.claim(WHO);
    expect(first).toMatchObject({ type: "send", waiting: { text: "one" } });
    expect((await history.claim(WHO)).type).toBe("under_way");
    const again = await history.claim({ ...WHO, connection: "two" });
    const wireKey = first.type === "send" ? first.waiting.wireKey : "";
    expect(again).toMatchObject({ type: "send", waiting: { text: "one", wireKey } });
  });

  it("lets one tab send, until it rests or is gone for a while", async () => {
    const history = await open();
    await history.enqueue("team", "one", 1);
    await history.claim(WHO);
    const other = { ...WHO, tab: "other", connection: "three" };
    expect((await history.claim(other)).type).toBe("elsewhere");
    expect((await history.claim({ ...other, now: WHO.now + 60_000 })).type).toBe("send");
    await history.release("other");
    expect((await history.claim(WHO)).type).toBe("send");
  });

  it("forgets a chat, and refuses what waits for it", async () => {
    const history = await open();
    await history.keepChat(CHAT);
    await history.keepMessages([message(1)]);
    await history.enqueue("team", "one", 1);
    await history.dropChat("team");
    expect(await history.messagesOf("team")).toEqual([]);
    expect(await history.load()).toMatchObject({
      chats: [],
      queue: [{ refused: "not_a_member" }],
    });
  });

  it("forgets everything", async () => {
    const history = await open();
    await history.keepChat(CHAT);
    await history.enqueue("team", "one", 1);
    await history.forget();
    expect(await history.load()).toEqual({ chats: [], queue: [] });
  });
});

describe("a stored history", () => {
  it("is bounded: the oldest messages of a chat go", async () => {
    const history = await openHistory(ME);
    await history.keepMessages(Array.from({ length: 1_101 }, (_, index) => message(index)));
    const kept = await history.messagesOf("team");
    expect([kept.length, kept[0]?.at, kept.at(-1)?.at]).toEqual([1_000, 101, 1_100]);
  });

  it("is each phone's own", async () => {
    await (await openHistory(ME)).keepMessages([message(1)]);
    expect(await (await openHistory("222")).messagesOf("team")).toEqual([]);
  });
});
