/** A history that lasts as long as the page, for browsers that let nothing be kept. */
import { matching } from "./finding";
import { CHAT_GONE, echoed, furthest, newWireKey, type History, type Remembered } from "./history";
import {
  keptChat,
  type KeptChat,
  type Message,
  type Phone,
  type State,
  type Waiting,
} from "./model";

export class PassingHistory implements History {
  readonly lasts = false;
  private readonly chats = new Map<string, KeptChat>();
  private readonly messages = new Map<string, Message[]>();
  private waiting: Waiting[] = [];
  private lastKey = 0;

  constructor(private readonly phone: Phone) {}

  /** Goes on from what is shown. */
  static from(state: State): PassingHistory {
    const history = new PassingHistory(state.me);
    for (const chat of Object.values(state.chats)) {
      history.chats.set(chat.name, keptChat(chat, state.people));
      history.messages.set(chat.name, [...chat.messages]);
    }
    history.waiting = [...state.queue];
    history.lastKey = Math.max(0, ...state.queue.map((waiting) => waiting.key));
    return history;
  }

  async load(): Promise<Remembered> {
    const chats = [...this.chats.values()].map((chat) => {
      const all = this.messages.get(chat.name) ?? [];
      const unseen = all.filter((message) => message.id > chat.readUpto);
      return { chat, messages: unseen.length > 0 ? unseen : all.slice(-1) };
    });
    return Promise.resolve({ chats, queue: this.waiting });
  }

  async messagesOf(chat: string): Promise<Message[]> {
    return Promise.resolve([...(this.messages.get(chat) ?? [])]);
  }

  async search(query: string): Promise<Message[]> {
    return Promise.resolve(matching([...this.messages.values()].flat(), query));
  }

  async keepMessages(messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      const proven = echoed(this.waiting, message, this.phone);
      this.waiting = this.waiting.filter((waiting) => waiting !== proven);
      const before = this.messages.get(message.chat) ?? [];
      if (!before.some((known) => known.id === message.id)) {
        const after = [...before, message].sort((a, b) => (a.id < b.id ? -1 : 1));
        this.messages.set(message.chat, after);
      }
    }
    return Promise.resolve();
  }

  async keepChat(chat: KeptChat): Promise<void> {
    this.chats.set(chat.name, furthest(chat, this.chats.get(chat.name)));
    return Promise.resolve();
  }

  async dropMessages(chat: string, before: string): Promise<void> {
    const kept = (this.messages.get(chat) ?? []).filter(({ id }) => id >= before);
    this.messages.set(chat, kept);
    return Promise.resolve();
  }

  async dropChat(name: string): Promise<void> {
    this.chats.delete(name);
    this.messages.delete(name);
    this.waiting = this.waiting.map((waiting) =>
      waiting.chat === name ? { ...waiting, refused: CHAT_GONE } : waiting,
    );
    return Promise.resolve();
  }

  async queue(): Promise<Waiting[]> {
    return Promise.resolve(this.waiting);
  }

  async enqueue(chat: string, text: string, at: number): Promise<void> {
    this.lastKey += 1;
    const fresh = { wireKey: newWireKey(), refused: null };
    this.waiting = [...this.waiting, { key: this.lastKey, chat, text, at, ...fresh }];
    return Promise.resolve();
  }

  async refuse(key: number, code: string | null): Promise<void> {
    this.change(key, { refused: code });
    return Promise.resolve();
  }

  async discard(keys: readonly number[]): Promise<void> {
    this.waiting = this.waiting.filter((waiting) => !keys.includes(waiting.key));
    return Promise.resolve();
  }

  async forget(): Promise<void> {
    this.chats.clear();
    this.messages.clear();
    this.waiting = [];
    return Promise.resolve();
  }

  private change(key: number, changed: Partial<Waiting>): void {
    this.waiting = this.waiting.map((waiting) =>
      waiting.key === key ? { ...waiting, ...changed } : waiting,
    );
  }
}
