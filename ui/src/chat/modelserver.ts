/**
 * A chat server for tests that does what the contract says, and a network that a test can cut.
 *
 * Nothing moves by itself: the test carries frames in each direction, one by one, or cuts a line; then
 * what was on its way up may still arrive, in order and up to some frame, and the rest is lost.
 */
import type { Wire } from "../wire/chat";
import type { ChatAsked, ChatSaid, Entry, ShownChat, ShownUser } from "../wire/generated";
import type { Phone } from "./model";

interface Stored {
  id: string;
  chat: string;
  from: Phone;
  text: string;
  key: string | undefined;
}

interface Group {
  name: string;
  members: Phone[];
  owner: Phone;
}

/** How many messages of each chat fit into a `state`. */
const PART = 2;

type Upward = { text: string } | { pong: string | undefined };

/** One WebSocket between a page and the server. */
export class Line implements Wire {
  onopen: Wire["onopen"] = null;
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;
  readonly up: Upward[] = [];
  readonly down: { text: string; position: string | undefined }[] = [];
  phone: Phone | undefined;
  proven = "";
  isDead = false;
  /** What is still to be told of what was missed, in parts, each when the one before is proven. */
  missed: ChatSaid[][] | undefined;
  /** What happens meanwhile comes after that, and what is asked meanwhile waits. */
  readonly held: ChatSaid[] = [];
  readonly asked: ChatAsked[] = [];
  isNoticed = false;

  constructor(private readonly server: ModelServer) {}

  open(): void {
    this.onopen?.call(this as unknown as WebSocket, new Event("open"));
  }

  send(text: string): void {
    if (!this.isDead) {
      this.up.push({ text });
    }
  }

  /** The page is done with it: what is on its way up still arrives. */
  close(): void {
    this.cut(this.up.length);
    this.isNoticed = true;
  }

  carryUp(): boolean {
    const item = this.up.shift();
    if (item === undefined) {
      return false;
    }
    if ("text" in item) {
      this.server.receive(this, JSON.parse(item.text) as ChatAsked);
    } else {
      this.server.prove(this, item.pong);
    }
    return true;
  }

  carryDown(): boolean {
    const item = this.down.shift();
    if (item === undefined) {
      return false;
    }
    this.up.push({ pong: item.position });
    this.onmessage?.call(
      this as unknown as WebSocket,
      new MessageEvent("message", { data: item.text }),
    );
    return true;
  }

  /** The network breaks; the first `arriving` frames on their way up arrive nevertheless. */
  cut(arriving: number): void {
    if (this.isDead) {
      return;
    }
    for (let index = 0; index < arriving; index++) {
      this.carryUp();
    }
    this.isDead = true;
    this.up.length = this.down.length = 0;
    this.server.end(this);
  }

  /** The browser finds out that the line is dead. */
  notice(wasClean = false, code = 1006): void {
    if (!this.isNoticed) {
      this.isNoticed = true;
      const event = Object.assign(new Event("close"), { code, wasClean, reason: "" });
      this.onclose?.call(this as unknown as WebSocket, event);
    }
  }
}

export class ModelServer {
  readonly stored: Stored[] = [];
  readonly groups = new Map<string, Group>();
  readonly names = new Map<Phone, string>();
  readonly lines = new Set<Line>();
  /** The code with which the next message is declined. */
  declineNext: string | undefined;
  private readonly away = new Map<Phone, string>();
  private readonly since = new Map<string, string>();
  private count = 0;

  line(): Line {
    return new Line(this);
  }

  /** An operation of somebody who is not under test. */
  does(phone: Phone, asked: ChatAsked): void {
    const line = this.line();
    line.phone = phone;
    this.receive(line, asked);
  }

  /** What happens while another device of a phone is there, and hears it. */
  heardElsewhere(phone: Phone, run: () => void): void {
    run();
    this.away.set(phone, this.position);
  }

  receive(line: Line, asked: ChatAsked): void {
    if (line.missed !== undefined) {
      line.asked.push(asked);
      return;
    }
    if (asked.type === "register") {
      this.register(line, asked.user.name, String(asked.user.phone));
      return;
    }
    const me = line.phone;
    if (me === undefined) {
      this.decline(line, asked, "not_registered");
      return;
    }
    if (asked.type === "history") {
      this.tellHistory(line, me, asked);
      return;
    }
    if (asked.type === "reset_token") {
      return; // no page asks for it
    }
    const known = this.knownBy(me, asked);
    if (known !== undefined) {
      this.tell(line, known);
      return;
    }
    const code = this.decide(me, asked);
    if (code !== undefined) {
      this.decline(line, asked, code);
    }
  }

  prove(line: Line, position: string | undefined): void {
    if (position !== undefined && position > line.proven) {
      line.proven = position;
    }
    const part = line.missed?.shift();
    if (part !== undefined) {
      part.forEach((said) => this.push(line, said));
    } else if (line.missed !== undefined) {
      line.missed = undefined;
      line.held.splice(0).forEach((said) => this.say(line, said));
      line.asked.splice(0).forEach((asked) => this.receive(line, asked));
    }
  }

  end(line: Line): void {
    if (this.lines.delete(line) && line.phone !== undefined) {
      const before = this.away.get(line.phone);
      const isAlone = this.linesOf(line.phone).length === 0;
      // With others there, what this line may have lost is told again to whoever comes next.
      const lost = before === undefined || isAlone || line.proven < before ? line.proven : before;
      this.away.set(line.phone, lost);
    }
  }

  user(phone: Phone): ShownUser {
    return { name: this.names.get(phone) ?? phone, phone, disconnection_date: null };
  }

  /** What `register` is answered with by a client that has everything. */
  stateOf(phone: Phone, after = "~"): Extract<ChatSaid, { type: "state" }> {
    const chats = [...this.groups.values()].filter((group) => group.members.includes(phone));
    return {
      type: "state",
      chats: chats.map((group) => ({
        chat: this.chat(group),
        messages: this.stored
          .filter(({ id, chat }) => chat === group.name && id > after)
          .filter(({ id, chat }) => id > (this.since.get(`${phone}/${chat}`) ?? ""))
          .map((message) => this.entry(message)),
      })),
    };
  }

  private register(line: Line, name: string, phone: Phone): void {
    const known = this.linesOf(phone);
    const positions = known.map((other) => other.proven);
    const gap = this.away.get(phone);
    const after = [...positions, ...(gap === undefined ? [] : [gap])].sort()[0] ?? this.position;
    this.names.set(phone, name);
    line.phone = phone;
    this.lines.add(line);
    const state = this.stateOf(phone, after);
    const rest = state.chats.flatMap(({ chat, messages }) =>
      messages
        .splice(PART)
        .map((entry) => ({ type: "message", chat: chat.name, ...entry }) as const),
    );
    rest.sort((a, b) => (a.id < b.id ? -1 : 1));
    line.proven = after;
    this.push(line, state);
    line.missed = rest.map((said) => [said]);
  }

  private tellHistory(line: Line, me: Phone, asked: Extract<ChatAsked, { type: "history" }>): void {
    const since = this.since.get(`${me}/${asked.chat}`) ?? "";
    const messages = this.stored
      .filter(({ id, chat }) => chat === asked.chat && id > since && id < (asked.before ?? "~"))
      .slice(-(asked.limit ?? 200))
      .map((message) => this.entry(message));
    this.say(line, { type: "history", chat: asked.chat, messages });
  }

  private knownBy(me: Phone, asked: ChatAsked): Stored | undefined {
    return asked.type !== "send_message" || asked.key === undefined
      ? undefined
      : this.stored.find(({ from, key }) => from === me && key === asked.key);
  }

  private decide(
    me: Phone,
    asked: Exclude<ChatAsked, { type: "register" | "history" | "reset_token" }>,
  ): string | undefined {
    if (asked.type === "create_chat") {
      return this.create(me, asked.name);
    }
    const group = this.groups.get(asked.chat);
    if (group === undefined || !group.members.includes(me)) {
      return "not_a_member";
    }
    switch (asked.type) {
      case "send_message":
        return this.accept(me, group, asked.message, asked.key ?? undefined);
      case "add_member":
        return this.add(group, String(asked.phone));
      case "remove_member":
        return this.remove(me, group, String(asked.phone));
      case "delete_chat":
        return this.delete(me, group);
    }
  }

  private create(me: Phone, name: string): string | undefined {
    if (this.groups.has(name)) {
      return "name_taken";
    }
    const group = { name, members: [], owner: me };
    this.groups.set(name, group);
    return this.add(group, me);
  }

  private accept(
    me: Phone,
    group: Group,
    text: string,
    key: string | undefined,
  ): string | undefined {
    const code = this.declineNext;
    if (code !== undefined) {
      this.declineNext = undefined;
      return code;
    }
    const message = { id: this.nextId(), chat: group.name, from: me, text, key };
    this.stored.push(message);
    for (const line of this.linesIn(group)) {
      this.tell(line, message);
    }
    return undefined;
  }

  /** Tells a message; its key only to the devices of its sender. */
  private tell(line: Line, message: Stored): void {
    const { chat, from, key } = message;
    const keyed = line.phone === from && key !== undefined ? { key } : {};
    this.say(line, { type: "message", chat, ...this.entry(message), ...keyed });
  }

  private add(group: Group, phone: Phone): string | undefined {
    if (group.members.includes(phone)) {
      return "already_a_member";
    }
    if (!this.names.has(phone)) {
      return "unknown_phone";
    }
    group.members.push(phone);
    this.since.set(`${phone}/${group.name}`, this.position);
    this.publish(group, { type: "new_member", chat: this.chat(group), user: this.user(phone) });
    return undefined;
  }

  private remove(me: Phone, group: Group, phone: Phone): string | undefined {
    if (!group.members.includes(phone)) {
      return "not_a_member";
    }
    if (phone !== me && group.owner !== me) {
      return "not_the_owner";
    }
    this.publish(group, { type: "member_removed", chat: group.name, user: this.user(phone) });
    group.members.splice(group.members.indexOf(phone), 1);
    const [oldest] = group.members;
    if (oldest === undefined) {
      this.groups.delete(group.name);
    } else if (group.owner === phone) {
      group.owner = oldest;
    }
    return undefined;
  }

  private delete(me: Phone, group: Group): string | undefined {
    if (group.owner !== me) {
      return "not_the_owner";
    }
    this.publish(group, { type: "chat_deleted", chat: group.name });
    this.groups.delete(group.name);
    return undefined;
  }

  private decline(line: Line, asked: ChatAsked, code: string): void {
    const keyed = asked.type === "send_message" && asked.key ? { key: asked.key } : {};
    this.say(line, { type: "error", detail: code, operation: asked.type, code, ...keyed });
  }

  private publish(group: Group, said: ChatSaid): void {
    this.linesIn(group).forEach((line) => this.say(line, said));
  }

  private linesIn(group: Group): Line[] {
    return [...this.lines].filter(
      ({ phone }) => phone !== undefined && group.members.includes(phone),
    );
  }

  private chat(group: Group): ShownChat {
    return {
      name: group.name,
      members: group.members.map((member) => this.user(member)),
      owner: this.user(group.owner),
    };
  }

  private say(line: Line, said: ChatSaid): void {
    if (line.missed !== undefined) {
      line.held.push(said);
    } else {
      this.push(line, said);
    }
  }

  private push(line: Line, said: ChatSaid): void {
    if (!line.isDead) {
      line.down.push({ text: JSON.stringify(said), position: lastIn(said) });
    }
  }

  private linesOf(phone: Phone): Line[] {
    return [...this.lines].filter((line) => line.phone === phone);
  }

  private entry({ id, from, text }: Stored): Entry {
    return { from: this.user(from), date: "2026-11-20 10:00:00", message: text, id };
  }

  private get position(): string {
    return String(this.count).padStart(8, "0");
  }

  private nextId(): string {
    this.count += 1;
    return this.position;
  }
}

/** What is proven by the arrival of this: of a part of what was missed, only that part. */
function lastIn(said: ChatSaid): string | undefined {
  switch (said.type) {
    case "message":
      return said.id;
    case "state":
      return said.chats.flatMap(({ messages }) => messages.slice(-1).map(({ id }) => id)).sort()[0];
    default:
      return undefined;
  }
}
