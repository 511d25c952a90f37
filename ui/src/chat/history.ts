/**
 * What this browser keeps of one phone's chats, so that they are there at once, and without a connection.
 *
 * The browser answers the server's Ping as soon as it has a message, a moment before this page gets it:
 * so a message is kept before anything else is done with it, and what a page that is closed in that very
 * moment had in its hands is all that can be lost.
 *
 * All tabs share it. What must not come apart is done in one transaction: an echo is kept and its
 * message leaves the queue.
 */
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from "idb";
import { matching } from "./finding";
import { randomText } from "./identity";
import type { KeptChat, Message, Phone, Waiting } from "./model";

/** How many messages of a chat are kept, and how many more before the oldest are dropped. */
const MOST_MESSAGES = 1_000;
const SLACK = 100;

/** What the server is to know a message by: 96 bits, so no two are the same. */
export const newWireKey = (): string => randomText(12);

export interface Remembered {
  /** Of each chat the last message, and those that were not seen. */
  chats: { chat: KeptChat; messages: Message[] }[];
  queue: Waiting[];
}

export interface History {
  /** Whether it outlives the page. */
  readonly lasts: boolean;
  load(): Promise<Remembered>;
  messagesOf(chat: string): Promise<Message[]>;
  /** The newest messages, of all chats, with these words. */
  search(query: string): Promise<Message[]>;
  /** Keeps each once, however often it is told, and takes what they prove off the queue. */
  keepMessages(messages: readonly Message[]): Promise<void>;
  /** Keeps what is known of a chat; what was read, or is here without a hole, stays so. */
  keepChat(chat: KeptChat): Promise<void>;
  /** Forgets the messages of a chat before an id. */
  dropMessages(chat: string, before: string): Promise<void>;
  /** Forgets a chat and its messages; what waits for it is refused. */
  dropChat(name: string): Promise<void>;
  queue(): Promise<Waiting[]>;
  enqueue(chat: string, text: string, at: number): Promise<void>;
  /** Notes that the server declines a message for good, or (null) that it is to be tried again. */
  refuse(key: number, code: string | null): Promise<void>;
  discard(keys: readonly number[]): Promise<void>;
  /** Forgets everything of this phone. */
  forget(): Promise<void>;
}

export const CHAT_GONE = "not_a_member";

interface Tables extends DBSchema {
  messages: { key: [string, string, string]; value: Message & { phone: Phone } };
  chats: { key: [string, string]; value: KeptChat & { phone: Phone } };
  queue: {
    key: number;
    value: Omit<Waiting, "key"> & { phone: Phone; key?: number };
    indexes: { phone: string };
  };
}

const ALL = ["messages", "chats", "queue"] as const;
type Writing = IDBPTransaction<Tables, (typeof ALL)[number][], "readwrite">;

/** The history of a phone; raises what the browser says if it keeps nothing. */
export async function openHistory(phone: Phone, name = "quad-chat"): Promise<History> {
  const database = await openDB<Tables>(name, 2, {
    upgrade(made, before) {
      if (before > 0) {
        // What earlier versions kept may have holes; the server tells it again.
        for (const table of ["messages", "leases"]) {
          (made as IDBPDatabase).deleteObjectStore(table);
        }
      }
      made.createObjectStore("messages", { keyPath: ["phone", "chat", "id"] });
      if (before === 0) {
        made.createObjectStore("chats", { keyPath: ["phone", "name"] });
        made
          .createObjectStore("queue", { keyPath: "key", autoIncrement: true })
          .createIndex("phone", "phone");
      }
    },
    // A newer version of this page, in another tab, must not wait for us.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });
  return new StoredHistory(database, phone);
}

class StoredHistory implements History {
  readonly lasts = true;

  constructor(
    private readonly database: IDBPDatabase<Tables>,
    private readonly phone: Phone,
  ) {}

  async load(): Promise<Remembered> {
    const rows = await this.database.getAll("chats", ofPhone(this.phone));
    // Earlier versions of this page did not know what is here without a hole.
    const kept = rows.map((row) => ({ ...row, wholeUpto: row.wholeUpto ?? "" }));
    const chats = await Promise.all(
      kept.map(async (chat) => ({ chat, messages: await this.unseen(chat) })),
    );
    return { chats, queue: await this.queue() };
  }

  messagesOf(chat: string): Promise<Message[]> {
    return this.database.getAll("messages", this.ofChat(chat));
  }

  async search(query: string): Promise<Message[]> {
    return matching(await this.database.getAll("messages", ofPhone(this.phone)), query);
  }

  keepMessages(messages: readonly Message[]): Promise<void> {
    return this.write(async (tables) => {
      const queue = await this.queueIn(tables);
      for (const message of messages) {
        void tables.objectStore("messages").put({ ...message, phone: this.phone });
        const proven = echoed(queue, message, this.phone);
        if (proven !== undefined) {
          queue.splice(queue.indexOf(proven), 1);
          void tables.objectStore("queue").delete(proven.key);
        }
      }
      const chats = new Set(messages.map(({ chat }) => chat));
      await Promise.all([...chats].map((chat) => this.trim(tables, chat)));
    });
  }

  keepChat(chat: KeptChat): Promise<void> {
    return this.write(async (tables) => {
      const before = await tables.objectStore("chats").get([this.phone, chat.name]);
      void tables.objectStore("chats").put({ ...furthest(chat, before), phone: this.phone });
    });
  }

  dropMessages(chat: string, before: string): Promise<void> {
    return this.write((tables) => {
      const older = IDBKeyRange.bound([this.phone, chat], [this.phone, chat, before], false, true);
      void tables.objectStore("messages").delete(older);
    });
  }

  dropChat(name: string): Promise<void> {
    return this.write(async (tables) => {
      void tables.objectStore("chats").delete([this.phone, name]);
      void tables.objectStore("messages").delete(this.ofChat(name));
      for (const waiting of await this.queueIn(tables)) {
        if (waiting.chat === name) {
          void this.put(tables, { ...waiting, refused: CHAT_GONE });
        }
      }
    });
  }

  async queue(): Promise<Waiting[]> {
    return (await this.database.getAllFromIndex("queue", "phone", this.phone)).map(asWaiting);
  }

  enqueue(chat: string, text: string, at: number): Promise<void> {
    return this.write((tables) => {
      const waiting = { chat, text, at, wireKey: newWireKey(), refused: null };
      void tables.objectStore("queue").add({ ...waiting, phone: this.phone });
    });
  }

  refuse(key: number, code: string | null): Promise<void> {
    return this.change(key, { refused: code });
  }

  discard(keys: readonly number[]): Promise<void> {
    return this.write((tables) => {
      keys.forEach((key) => void tables.objectStore("queue").delete(key));
    });
  }

  forget(): Promise<void> {
    return this.write(async (tables) => {
      void tables.objectStore("messages").delete(ofPhone(this.phone));
      void tables.objectStore("chats").delete(ofPhone(this.phone));
      for (const { key } of await this.queueIn(tables)) {
        void tables.objectStore("queue").delete(key);
      }
    });
  }

  /** The transaction is pushed out at once: a page that is closed now loses nothing. */
  private async write(change: (tables: Writing) => Promise<void> | void): Promise<void> {
    const tables = this.database.transaction([...ALL], "readwrite");
    // Its end fails by itself if anything in it does.
    const done = tables.done;
    try {
      await change(tables);
      tables.commit();
    } catch (error) {
      done.catch(() => undefined);
      throw error;
    }
    await done;
  }

  private async change(key: number, changed: Partial<Waiting>): Promise<void> {
    await this.write(async (tables) => {
      const waiting = await tables.objectStore("queue").get(key);
      if (waiting !== undefined) {
        void tables.objectStore("queue").put({ ...waiting, ...changed, key });
      }
    });
  }

  private put(tables: Writing, waiting: Waiting): Promise<number> {
    return tables.objectStore("queue").put({ ...waiting, phone: this.phone });
  }

  private async queueIn(tables: Writing): Promise<Waiting[]> {
    const rows = await tables.objectStore("queue").index("phone").getAll(this.phone);
    return rows.map(asWaiting);
  }

  private async unseen(chat: KeptChat): Promise<Message[]> {
    const table = this.database.transaction("messages").store;
    const after: IDBKeyRange = IDBKeyRange.bound(
      [this.phone, chat.name, chat.readUpto],
      [this.phone, chat.name, []],
      true,
    );
    const [unseen, last] = await Promise.all([
      table.getAll(after),
      table.openCursor(this.ofChat(chat.name), "prev"),
    ]);
    return unseen.length > 0 || last === null ? unseen : [last.value];
  }

  private async trim(tables: Writing, chat: string): Promise<void> {
    const messages = tables.objectStore("messages");
    const count = await messages.count(this.ofChat(chat));
    if (count <= MOST_MESSAGES + SLACK) {
      return;
    }
    const keys = await messages.getAllKeys(this.ofChat(chat), count - MOST_MESSAGES);
    keys.forEach((key) => void messages.delete(key));
  }

  private ofChat(chat: string): IDBKeyRange {
    // A list sorts behind every text.
    return IDBKeyRange.bound([this.phone, chat], [this.phone, chat, []]);
  }
}

/** The waiting message whose echo this is. */
export function echoed(
  queue: readonly Waiting[],
  message: Message,
  me: Phone,
): Waiting | undefined {
  return message.from !== me || message.wireKey === undefined
    ? undefined
    : queue.find((waiting) => waiting.wireKey === message.wireKey);
}

/** What is known of a chat, with the later of two positions. */
export function furthest(chat: KeptChat, before: KeptChat | undefined): KeptChat {
  const later = (one: string, two = "") => (one > two ? one : two);
  return {
    ...chat,
    readUpto: later(chat.readUpto, before?.readUpto),
    wholeUpto: later(chat.wholeUpto, before?.wholeUpto),
  };
}

function ofPhone(phone: Phone): IDBKeyRange {
  return IDBKeyRange.bound([phone], [phone, []]);
}

function asWaiting(row: Tables["queue"]["value"]): Waiting {
  const { chat, text, at, refused, key = 0 } = row;
  // Earlier versions of this page gave them none.
  const wireKey = (row as Partial<Waiting>).wireKey ?? `${at}-${key}`;
  return { key, chat, text, at, wireKey, refused };
}
