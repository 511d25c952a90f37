import "fake-indexeddb/auto";
import { openDB } from "idb";
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

  it("of an earlier version keeps what was written and what was read, and has the rest told again", async () => {
    await earlierVersion();
    const history = await openHistory(ME);
    expect(await history.queue()).toMatchObject([{ text: "kept", refused: null }]);
    expect((await history.load()).chats).toMatchObject([
      { chat: { name: "team", readUpto: "5", wholeUpto: "" }, messages: [] },
    ]);
  });

  it("is each phone's own", async () => {
    await (await openHistory(ME)).keepMessages([message(1)]);
    expect(await (await openHistory("222")).messagesOf("team")).toEqual([]);
  });
});

/** What the first version of the page has left. */
async function earlierVersion(): Promise<void> {
  const database = await openDB("quad-chat", 1, {
    upgrade(made) {
      made.createObjectStore("messages", { keyPath: ["phone", "chat", "id"] });
      made.createObjectStore("chats", { keyPath: ["phone", "name"] });
      made
        .createObjectStore("queue", { keyPath: "key", autoIncrement: true })
        .createIndex("phone", "phone");
      made.createObjectStore("leases", { keyPath: "phone" });
    },
  });
  const chat = { name: "team", members: [], owner: ME, readUpto: "5", activity: 1 };
  await database.put("messages", { ...message(1), phone: ME });
  await database.put("chats", { ...chat, phone: ME });
  await database.put("queue", {
    chat: "team",
    text: "kept",
    at: 1,
    sentOn: null,
    refused: null,
    phone: ME,
  });
  database.close();
}
