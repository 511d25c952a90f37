/** One person's chats on this page: what the server says goes into the history and the state. */
import { path } from "../page";
import { ChatConnection, chatAddress, type Wire } from "../wire/chat";
import type { ChatError, ChatSaid, Register } from "../wire/generated";
import { forget, keptKeys } from "../wire/kept";
import type { Link } from "../wire/socket";
import { Store } from "../wire/store.svelte";
import { Asking, type Asked } from "./asking";
import { CatchUp } from "./catchup";
import { openHistory, type History } from "./history";
import { forgetIdentity, keepIdentity, type Identity } from "./identity";
import { emptyState, keptChat, type Chat, type Message, type Phone, type State } from "./model";
import { PassingHistory } from "./passing";
import { reduce, type Happened } from "./reduce";
import { messagesIn, personOf, phoneIn, toldChat, toldChats } from "./said";
import { Sending } from "./sending";
import { Turn } from "./turn";

/** Why the server does not let this identity in. */
export interface Refusal {
  code: string;
  retryAfterS: number;
}

/** What tabs of one phone tell each other. */
type Note = { phone: Phone } & (
  | { type: "queue" }
  | { type: "read"; chat: string; upto: string }
  | { type: "dismissed"; chat: string }
);

const SOON_MS = 3_000;
const PASSING_CODES = new Set(["rate_limited", "cannot_save"]);

export const draftKey = (phone: Phone, chat: string): string => `chat/draft/${phone}/${chat}`;

export class ChatSession {
  readonly store: Store<State, Happened>;
  link = $state<Link>("connecting");
  refusal = $state.raw<Refusal | undefined>();
  /** Whether the server has let us in, now or on an earlier visit. */
  isIn = $state(false);
  /** Whether what was kept is loaded. */
  isReady = $state(false);
  /** Whether messages outlive the page. */
  lasts = $state(true);

  private readonly connection: ChatConnection;
  private readonly sending: Sending;
  private readonly asking: Asking;
  private readonly catchUp: CatchUp;
  private readonly tabs: BroadcastChannel | undefined;
  private history: History;
  private inbox: ChatSaid[] = [];
  private isWorking = false;
  /** Whether this connection has brought the `state`. */
  private isWelcome = false;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing shows it
  private readonly kept = new Map<string, Chat>();
  private readonly deaf = new AbortController();

  identity: Identity;

  constructor(
    identity: Identity,
    open: () => Wire = () => new WebSocket(chatAddress(location.origin, path("/chat/ws"))),
  ) {
    this.identity = $state.raw(identity);
    const { phone } = identity;
    this.isIn = identity.wasIn;
    this.store = new Store(emptyState(phone), reduce);
    this.history = new PassingHistory(phone);
    this.asking = new Asking(phone);
    this.catchUp = new CatchUp({
      chat: (name) => this.store.latest.chats[name],
      say: (asked) => this.connection.say(asked),
    });
    this.connection = new ChatConnection(open, {
      greeting: () => this.greeting(),
      hear: (said) => this.hear(said),
      linkChanged: (link) => this.linkChanged(link),
    });
    this.sending = new Sending(
      {
        say: ({ chat, text, wireKey: key }) =>
          this.connection.say({ type: "send_message", chat, message: text, key }),
        queue: () => this.safely((history) => history.queue()),
      },
      // Not there on every page, whatever the types say.
      new Turn(`quad/chat/${phone}`, (navigator as Partial<Navigator>).locks),
    );
    this.tabs = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("quad");
  }

  async start(): Promise<void> {
    try {
      this.history = await openHistory(this.identity.phone);
      await this.remember();
    } catch {
      this.history = new PassingHistory(this.identity.phone);
      this.lasts = false;
    }
    this.isReady = true;
    if (!this.deaf.signal.aborted) {
      this.listen();
      this.connection.start();
    }
  }

  /** For good; what is kept stays. */
  stop(): void {
    if (!this.deaf.signal.aborted) {
      this.deaf.abort();
      this.inbox = [];
      this.connection.stop();
      this.sending.rest();
      this.tabs?.close();
    }
  }

  /** Forgets everything about this phone in this browser. */
  async logOut(): Promise<void> {
    this.stop();
    forgetIdentity();
    keptKeys(draftKey(this.identity.phone, "")).forEach(forget);
    await this.history.forget();
  }

  retry(): void {
    this.connection.wake();
  }

  // What the visitor does

  async open(chat: string | null): Promise<void> {
    this.act({ type: "opened", chat });
    if (chat !== null && this.store.latest.chats[chat]?.isWhole === false) {
      const messages = await this.safely((history) => history.messagesOf(chat));
      this.act({ type: "history", chat, messages });
    }
    if (chat !== null && this.store.latest.chats[chat]?.isChecked === false) {
      this.catchUp.look(chat);
    }
  }

  /** Asks for what was said before the first message that is here. */
  askOlder(chat: string): void {
    this.catchUp.older(chat);
  }

  /** Messages of all chats with these words, as far as this browser has them. */
  search(query: string): Promise<Message[]> {
    return this.safely((history) => history.search(query));
  }

  look(is: boolean): void {
    this.act({ type: "looking", is });
  }

  async write(chat: string, text: string): Promise<void> {
    await this.safely((history) => history.enqueue(chat, text, Date.now()));
    await this.queueChanged();
  }

  async tryAgain(key: number): Promise<void> {
    await this.safely((history) => history.refuse(key, null));
    await this.queueChanged();
  }

  async discard(key: number): Promise<void> {
    await this.safely((history) => history.discard([key]));
    await this.queueChanged();
  }

  /** Takes a chat that has gone off the list, with what was not sent. */
  async dismiss(chat: string): Promise<void> {
    const keys = this.store.latest.queue.filter((item) => item.chat === chat).map(({ key }) => key);
    await this.safely((history) => history.discard(keys));
    this.act({ type: "dismissed", chat });
    this.note({ type: "dismissed", chat, phone: this.identity.phone });
  }

  /** Raises Declined. */
  ask(asked: Asked): Promise<ChatSaid> {
    return this.asking.ask(asked, (said) => this.connection.say(said));
  }

  /** Asks who is here now. */
  refresh(): void {
    this.connection.refresh();
  }

  // What the browser says

  private listen(): void {
    const { signal } = this.deaf;
    const wake = () => document.visibilityState === "visible" && this.wake();
    document.addEventListener("visibilitychange", wake, { signal });
    document.addEventListener("resume", () => this.wake(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.shownAgain(), { signal });
    addEventListener("online", () => this.connection.wake(), { signal });
    addEventListener("offline", () => this.connection.drop(), { signal });
    addEventListener("pagehide", () => this.sending.rest(), { signal });
    this.tabs?.addEventListener(
      "message",
      ({ data }: MessageEvent<Note>) => data.phone === this.identity.phone && this.noted(data),
      { signal },
    );
  }

  private shownAgain(): void {
    if (this.isWelcome) {
      this.sending.begin();
    }
    this.wake();
  }

  private wake(): void {
    this.connection.wake();
    // A tab in the background may have slept while others wrote.
    void this.remember();
  }

  private noted(note: Note): void {
    switch (note.type) {
      case "queue":
        void this.readQueue().then(() => this.sending.goOn());
        break;
      case "read":
      case "dismissed":
        this.store.act(note);
        break;
    }
  }

  private note(note: Note): void {
    if (!this.deaf.signal.aborted) {
      this.tabs?.postMessage(note);
    }
  }

  // What the connection says

  private greeting(): Register {
    const { name, phone, token } = this.identity;
    return { type: "register", user: { name, phone }, protocol: 2, token };
  }

  private linkChanged(link: Link): void {
    this.link = link;
    if (link === "open") {
      return; // the `state` that opened it is still to be heard
    }
    this.asking.lose();
    this.catchUp.lose();
    this.isWelcome = false;
    this.store.act({ type: "lost" });
    if (this.connection.wasTooBig) {
      this.connection.wasTooBig = false;
      void this.refuse(this.sending.underWay, "text_too_long");
    }
    this.sending.rest();
  }

  private hear(said: ChatSaid): void {
    this.inbox.push(said);
    if (!this.isWorking) {
      this.isWorking = true;
      void this.work().finally(() => (this.isWorking = false));
    }
  }

  /** One batch after the other: kept first, then shown. */
  private async work(): Promise<void> {
    while (this.inbox.length > 0) {
      const batch = this.inbox.splice(0);
      const messages = batch.flatMap(messagesIn);
      if (messages.length > 0) {
        await this.safely((history) => history.keepMessages(messages));
      }
      for (const said of batch) {
        await this.take(said);
      }
      if (messages.some((message) => message.from === this.identity.phone)) {
        await this.readQueue();
      }
      this.keepChats();
      void this.sending.goOn();
    }
  }

  private async take(said: ChatSaid): Promise<void> {
    this.asking.hear(said);
    switch (said.type) {
      case "state":
        await this.told(said);
        break;
      case "message":
        this.store.hear({
          type: "messages",
          messages: messagesIn(said),
          senders: [personOf(said.from)],
          missed: false,
        });
        break;
      case "new_member":
        this.store.hear({
          type: "member",
          chat: toldChat(said.chat),
          person: personOf(said.user),
          at: Date.now(),
        });
        if (phoneIn(said.user) === this.identity.phone) {
          this.catchUp.look(said.chat.name);
        }
        break;
      case "member_removed":
        this.store.hear({ type: "member_removed", chat: said.chat, phone: phoneIn(said.user) });
        await this.dropped(phoneIn(said.user) === this.identity.phone ? [said.chat] : []);
        break;
      case "chat_deleted":
        this.store.hear({ type: "deleted", chat: said.chat });
        await this.dropped([said.chat]);
        break;
      case "history":
        await this.readBack(this.catchUp.heard(said, messagesIn(said)));
        this.catchUp.goOn();
        break;
      case "token":
        this.keepToken(said.token);
        break;
      case "error":
        await this.declined(said);
        break;
    }
  }

  private async told(said: Extract<ChatSaid, { type: "state" }>): Promise<void> {
    this.refusal = undefined;
    if (!this.isIn || said.token !== undefined) {
      this.isIn = true;
      // A code of the administrator is worth nothing once it has brought the key.
      this.keepToken(said.token ?? this.identity.token);
    }
    const chats = toldChats(said);
    this.store.hear({ type: "told", chats, at: Date.now() });
    const messages = messagesIn(said);
    if (messages.length > 0) {
      this.store.hear({ type: "messages", messages, senders: [], missed: true });
    }
    const names = chats.map((chat) => chat.name);
    const { chats: kept } = await this.safely((history) => history.load());
    await this.dropped(kept.map(({ chat }) => chat.name).filter((name) => !names.includes(name)));
    await this.remember();
    if (!this.isWelcome) {
      this.isWelcome = true;
      this.catchUp.begin(this.byInterest(names));
      // Not before: what was written to a chat that is gone is not to be sent.
      this.sending.begin();
    }
  }

  /** What is looked at comes first, and then what was spoken in last. */
  private byInterest(names: readonly string[]): string[] {
    const { open, chats } = this.store.latest;
    const interest = (name: string) =>
      name === open?.chat ? Infinity : (chats[name]?.activity ?? 0);
    return [...names].sort((a, b) => interest(b) - interest(a));
  }

  /** Shows what was said before; what it does not go on from is forgotten. */
  private async readBack(found: Happened): Promise<void> {
    if (found.type === "newest" && found.keptFrom !== null) {
      const { chat, keptFrom } = found;
      await this.safely((history) => history.dropMessages(chat, keptFrom));
    }
    this.store.hear(found);
  }

  private keepToken(token: string): void {
    this.identity = { ...this.identity, token, wasIn: true };
    keepIdentity(this.identity);
  }

  private async declined(error: ChatError): Promise<void> {
    const waitMs = error.retry_after_s === undefined ? SOON_MS : error.retry_after_s * 1_000;
    if (error.operation === "register" || error.code === "logged_out") {
      this.notLetIn(error, waitMs);
    } else if (error.operation === "history") {
      this.catchUp.declined(PASSING_CODES.has(error.code));
    } else if (error.operation === "send_message") {
      if (PASSING_CODES.has(error.code)) {
        this.sending.pause(waitMs);
      } else {
        await this.refuse(error.key ?? this.sending.underWay, error.code);
      }
    }
  }

  private notLetIn(error: ChatError, waitMs: number): void {
    if (this.isIn && (PASSING_CODES.has(error.code) || error.code === "internal")) {
      this.connection.retryIn(waitMs);
      return;
    }
    this.connection.stop();
    this.refusal = { code: error.code, retryAfterS: Math.ceil(waitMs / 1_000) };
  }

  private async dropped(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.kept.delete(name);
      await this.safely((history) => history.dropChat(name));
    }
    if (names.length > 0) {
      await this.readQueue();
    }
  }

  // What is kept

  private async remember(): Promise<void> {
    const { chats, queue } = await this.history.load();
    const current = await Promise.all(
      chats.map(async ({ chat, messages }) => {
        const shown = this.store.latest.chats[chat.name];
        // Another tab may have been told, and shown, what this one was not.
        const isBehind = shown?.isWhole === true && shown.wholeUpto < chat.wholeUpto;
        return { chat, messages: isBehind ? await this.history.messagesOf(chat.name) : messages };
      }),
    );
    this.store.act({ type: "remembered", chats: current });
    this.store.act({ type: "queue", queue });
  }

  private async queueChanged(): Promise<void> {
    await this.readQueue();
    this.note({ type: "queue", phone: this.identity.phone });
    await this.sending.goOn();
  }

  private async readQueue(): Promise<void> {
    const queue = await this.safely((history) => history.queue());
    this.store.act({ type: "queue", queue });
  }

  /** The server declines the message that it knows by this key. */
  private async refuse(wireKey: string | undefined, code: string): Promise<void> {
    const queue = await this.safely((history) => history.queue());
    const declined = queue.find((waiting) => waiting.wireKey === wireKey);
    if (declined !== undefined) {
      await this.safely((history) => history.refuse(declined.key, code));
      this.sending.declined(declined.wireKey);
      await this.queueChanged();
    }
  }

  private act(happened: Happened): void {
    this.store.act(happened);
    this.keepChats();
  }

  private keepChats(): void {
    const { chats, people } = this.store.latest;
    for (const chat of Object.values(chats)) {
      const before = this.kept.get(chat.name);
      if (
        this.deaf.signal.aborted ||
        chat === before ||
        chat.gone !== null ||
        chat.owner === null
      ) {
        continue;
      }
      this.kept.set(chat.name, chat);
      void this.safely((history) => history.keepChat(keptChat(chat, people)));
      if (before !== undefined && before.readUpto !== chat.readUpto) {
        const { name, readUpto: upto } = chat;
        this.note({ type: "read", chat: name, upto, phone: this.identity.phone });
      }
    }
  }

  /** A browser that takes its database away in the middle leaves us with what is in memory. */
  private async safely<T>(use: (history: History) => Promise<T>): Promise<T> {
    const { history } = this;
    try {
      return await use(history);
    } catch (error) {
      if (!history.lasts) {
        throw error;
      }
      if (this.history === history) {
        this.history = PassingHistory.from(this.store.latest);
        this.lasts = false;
      }
      return use(this.history);
    }
  }
}
