/** How the chat page's state changes: old state and what happened in, new state out. */
import type { Chat, Gone, KeptChat, Message, Open, Person, Phone, State, Waiting } from "./model";
import { isUnread, lastOf, unreadOf } from "./model";

/** A chat as the server tells it. */
export interface ToldChat {
  name: string;
  members: readonly Person[];
  owner: Phone;
}

export type Happened =
  // What this browser has kept, at the beginning and whenever another tab may have written.
  | { type: "remembered"; chats: readonly { chat: KeptChat; messages: readonly Message[] }[] }
  | { type: "history"; chat: string; messages: readonly Message[] }
  | { type: "queue"; queue: readonly Waiting[] }
  // What the server says. The messages of a `state` come after it; those were `missed`.
  | { type: "told"; chats: readonly ToldChat[]; at: number }
  | { type: "messages"; messages: readonly Message[]; senders: readonly Person[]; missed: boolean }
  | { type: "member"; chat: ToldChat; person: Person; at: number }
  // What was said before the messages that are there; none: there is nothing before them.
  | { type: "older"; chat: string; messages: readonly Message[] }
  | Newest
  // The connection has ended: what is said from now on is not heard.
  | { type: "lost" }
  | { type: "member_removed"; chat: string; phone: Phone }
  | { type: "deleted"; chat: string }
  // What the visitor does, also in another tab.
  | { type: "opened"; chat: string | null }
  | { type: "looking"; is: boolean }
  | { type: "read"; chat: string; upto: string }
  | { type: "dismissed"; chat: string };

/**
 * What was said last, or before that, until it meets what is here (`isDone`); `keptFrom`: it did not, and
 * what is older than this id is forgotten here.
 */
export interface Newest {
  type: "newest";
  chat: string;
  messages: readonly Message[];
  isDone: boolean;
  keptFrom: string | null;
}

export function reduce(state: State, happened: Happened): State {
  switch (happened.type) {
    case "remembered":
      return happened.chats.reduce(remember, state);
    case "history":
      return onChat(state, happened.chat, (chat) => ({
        ...withMessages(chat, happened.messages),
        isWhole: true,
      }));
    case "queue":
      return orphansShown(queued(state, happened.queue));
    case "told":
      return orphansShown(told(state, happened.chats, happened.at));
    case "messages":
      return messagesCame(state, happened);
    case "member":
      return memberCame(state, happened.chat, happened.person, happened.at);
    case "older":
      return seen(onChat(state, happened.chat, (chat) => withOlder(chat, happened.messages)));
    case "newest":
      return newestCame(state, happened);
    case "lost":
      return { ...state, chats: mapped(state.chats, (chat) => ({ ...chat, isChecked: false })) };
    case "member_removed":
      return memberWent(state, happened.chat, happened.phone);
    case "deleted":
      return ended(state, happened.chat, "deleted");
    default:
      return acted(state, happened);
  }
}

type Acted = Extract<Happened, { type: "opened" | "looking" | "read" | "dismissed" }>;

function acted(state: State, happened: Acted): State {
  switch (happened.type) {
    case "opened":
      return opened(state, happened.chat);
    case "looking":
      return happened.is === state.isLooking ? state : seen({ ...state, isLooking: happened.is });
    case "read":
      return onChat(state, happened.chat, (chat) => readUpto(chat, happened.upto));
    case "dismissed":
      return dismissed(state, happened.chat);
  }
}

// What was kept

function remember(
  state: State,
  { chat: kept, messages }: { chat: KeptChat; messages: readonly Message[] },
): State {
  const known = state.chats[kept.name];
  // Which chats there are, the server knows better, once it has said so.
  if (known === undefined && state.isKnown) {
    return state;
  }
  const before = known ?? newChat(kept.name, kept.activity);
  const chat = withMessages(before, messages);
  const people = known === undefined ? withPeople(state.people, kept.members) : state.people;
  const facts =
    known === undefined
      ? { members: kept.members.map((person) => person.phone), owner: kept.owner }
      : {};
  return {
    ...state,
    people,
    chats: {
      ...state.chats,
      [kept.name]: readUpto(
        {
          ...chat,
          ...facts,
          activity: Math.max(chat.activity, kept.activity),
          wholeUpto: chat.wholeUpto > kept.wholeUpto ? chat.wholeUpto : kept.wholeUpto,
        },
        kept.readUpto,
      ),
    },
  };
}

// What the server says

function told(state: State, chats: readonly ToldChat[], at: number): State {
  const now: Record<string, Chat> = {};
  for (const { name, members, owner } of chats) {
    const before = state.chats[name];
    const chat = before === undefined || before.gone !== null ? newChat(name, at) : before;
    now[name] = { ...chat, members: members.map((person) => person.phone), owner };
  }
  for (const chat of Object.values(state.chats)) {
    if (!(chat.name in now) && isWorthShowing(state, chat)) {
      now[chat.name] = { ...chat, gone: chat.gone ?? "removed" };
    }
  }
  const people = chats.reduce((all, chat) => withPeople(all, chat.members), state.people);
  return { ...state, people, chats: now, isKnown: true };
}

/** Whether a chat that has gone is still before somebody's eyes, or holds what was not sent. */
function isWorthShowing(state: State, chat: Chat): boolean {
  return (
    state.open?.chat === chat.name ||
    chat.gone !== null ||
    state.queue.some((waiting) => waiting.chat === chat.name)
  );
}

/** Whoever answers has read what is above. */
function queued(state: State, queue: readonly Waiting[]): State {
  const newest = state.queue.at(-1)?.key ?? 0;
  const { open } = state;
  const isAnswer = queue.some(({ key, chat }) => key > newest && chat === open?.chat);
  return { ...state, queue, open: open && isAnswer ? { ...open, newAfter: null } : open };
}

/** What was written to a chat that is none any more must be found somewhere. */
function orphansShown(state: State): State {
  if (!state.isKnown) {
    return state;
  }
  return state.queue
    .filter((waiting) => !(waiting.chat in state.chats))
    .reduce(
      (now, { chat, at }) => ({
        ...now,
        chats: { ...now.chats, [chat]: { ...newChat(chat, at), gone: "removed" } },
      }),
      state,
    );
}

type MessagesCame = Extract<Happened, { type: "messages" }>;

function messagesCame(state: State, { messages, senders, missed }: MessagesCame): State {
  const chats = { ...state.chats };
  for (const [name, ofChat] of groupByChat(messages)) {
    chats[name] = withNews(chats[name] ?? newChat(name, 0), ofChat);
  }
  return marked(state, { ...state, chats, people: withPeople(state.people, senders) }, missed);
}

function newestCame(state: State, newest: Newest): State {
  return marked(
    state,
    onChat(state, newest.chat, (chat) => withNewest(chat, newest)),
    true,
  );
}

function groupByChat(messages: readonly Message[]): Map<string, Message[]> {
  const found = new Map<string, Message[]>();
  for (const message of messages) {
    const known = found.get(message.chat);
    if (known === undefined) {
      found.set(message.chat, [message]);
    } else {
      known.push(message);
    }
  }
  return found;
}

/**
 * Draws the line above what is new: it moves when everything above it had been seen. What comes while
 * somebody looks is seen at once, unless it was `missed`: then reading begins at the line.
 */
function marked(state: State, now: State, missed: boolean): State {
  const { open, me } = state;
  const before = open && state.chats[open.chat];
  const after = open && now.chats[open.chat];
  if (!before || !after || before.messages === after.messages || (state.isLooking && !missed)) {
    return seen(now);
  }
  const isNew = unreadOf(before, me) === 0 && unreadOf(after, me) > 0;
  const newAfter = isNew ? before.readUpto : open.newAfter;
  return { ...now, open: { ...open, newAfter }, isLooking: false };
}

function memberCame(state: State, told: ToldChat, person: Person, at: number): State {
  const before = state.chats[told.name];
  if (before === undefined && person.phone !== state.me) {
    return state; // of a chat that we have just left
  }
  // Whoever is added again begins anew: the chat may be another one of the same name.
  const chat = before === undefined || before.gone !== null ? newChat(told.name, at) : before;
  // Who is here is told of the one who comes; of the others it may be old.
  const strangers = told.members.filter(({ phone }) => !(phone in state.people));
  return {
    ...state,
    people: withPeople(withPeople(state.people, strangers), [person]),
    chats: {
      ...state.chats,
      [told.name]: {
        ...chat,
        members: told.members.map(({ phone }) => phone),
        owner: told.owner,
      },
    },
  };
}

function memberWent(state: State, name: string, phone: Phone): State {
  if (phone === state.me) {
    return ended(state, name, "removed");
  }
  return onChat(state, name, (chat) => {
    const members = chat.members.filter((member) => member !== phone);
    // The oldest member takes over.
    return { ...chat, members, owner: chat.owner === phone ? (members[0] ?? null) : chat.owner };
  });
}

function ended(state: State, name: string, gone: Gone): State {
  const chat = state.chats[name];
  if (chat === undefined) {
    return state;
  }
  if (!isWorthShowing(state, chat)) {
    return dismissed(state, name);
  }
  return onChat(state, name, () => ({ ...readAll(chat), members: [], owner: null, gone }));
}

// What the visitor does

function opened(state: State, name: string | null): State {
  const left = state.open?.chat;
  if (name !== null && left === name) {
    return state;
  }
  const tidy = left === undefined || !state.chats[left]?.gone ? state : swept(state, left);
  const chat = name === null ? undefined : tidy.chats[name];
  if (name === null) {
    return { ...tidy, open: null, isLooking: false };
  }
  const hasNews = chat !== undefined && unreadOf(chat, state.me) > 0;
  return {
    ...tidy,
    open: { chat: name, newAfter: hasNews ? chat.readUpto : null },
    isLooking: false,
  };
}

/** Takes a chat that has gone off the list, unless it holds what was not sent. */
function swept(state: State, name: string): State {
  return state.queue.some((waiting) => waiting.chat === name) ? state : dismissed(state, name);
}

function dismissed(state: State, name: string): State {
  const chats = { ...state.chats };
  delete chats[name];
  return {
    ...state,
    chats,
    queue: state.queue.filter((waiting) => waiting.chat !== name),
    open: state.open?.chat === name ? null : state.open,
  };
}

/** What comes before somebody's eyes is read. */
function seen(state: State): State {
  return state.open !== null && state.isLooking ? onChat(state, state.open.chat, readAll) : state;
}

function readAll(chat: Chat): Chat {
  return readUpto(chat, lastOf(chat)?.id ?? "");
}

function readUpto(chat: Chat, upto: string): Chat {
  return upto > chat.readUpto ? { ...chat, readUpto: upto } : chat;
}

// The parts of a state

function newChat(name: string, activity: number): Chat {
  return {
    name,
    members: [],
    owner: null,
    messages: [],
    readUpto: "",
    wholeUpto: "",
    activity,
    isWhole: false,
    isChecked: false,
    isFromBeginning: false,
    gone: null,
  };
}

function mapped(chats: State["chats"], change: (chat: Chat) => Chat): State["chats"] {
  return Object.fromEntries(Object.entries(chats).map(([name, chat]) => [name, change(chat)]));
}

function onChat(state: State, name: string, change: (chat: Chat) => Chat): State {
  const chat = state.chats[name];
  if (chat === undefined) {
    return state;
  }
  const changed = change(chat);
  return changed === chat ? state : { ...state, chats: { ...state.chats, [name]: changed } };
}

function withPeople(people: State["people"], told: readonly Person[]): State["people"] {
  const news = told.filter((person) => !isSame(people[person.phone], person));
  return news.length === 0
    ? people
    : { ...people, ...Object.fromEntries(news.map((person) => [person.phone, person])) };
}

function isSame(a: Person | undefined, b: Person): boolean {
  return a?.name === b.name && a.awaySince === b.awaySince;
}

/** Adds messages that are not there yet, each at its place. */
export function withMessages(chat: Chat, more: readonly Message[]): Chat {
  const known = new Set(chat.messages.map((message) => message.id));
  const news = more.filter((message) => !known.has(message.id) && known.add(message.id));
  if (news.length === 0) {
    return chat;
  }
  const messages = [...chat.messages, ...news].sort((a, b) => (a.id < b.id ? -1 : 1));
  const latest = messages.at(-1)?.at ?? 0;
  return { ...chat, messages, activity: Math.max(chat.activity, latest) };
}

/** Of a chat of which all is here, all is here after that, too. */
function withNews(chat: Chat, messages: readonly Message[]): Chat {
  const now = withMessages(chat, messages);
  return now.isChecked && now !== chat ? { ...now, wholeUpto: lastOf(now)?.id ?? "" } : now;
}

function withNewest(chat: Chat, { messages, isDone, keptFrom }: Newest): Chat {
  const isNewHere = chat.readUpto === "";
  const known = chat.messages[0]?.id;
  const now = withMessages(chat, messages);
  const kept = now.messages.filter(({ id }) => keptFrom === null || id >= keptFrom);
  const last = kept.at(-1)?.id ?? "";
  const whole = {
    ...now,
    messages: kept.length === now.messages.length ? now.messages : kept,
    isFromBeginning: now.isFromBeginning || (isDone && messages.length === 0),
    isChecked: isDone,
    wholeUpto: isDone ? last : now.wholeUpto,
  };
  // To a browser that is new to the chat, what another one of the phone was told is nothing new.
  const before = isNewHere ? messages.filter(({ id }) => known === undefined || id < known) : [];
  return readUpto(whole, before.at(-1)?.id ?? "");
}

/** What was said before is nothing new. */
function withOlder(chat: Chat, messages: readonly Message[]): Chat {
  const last = messages.at(-1);
  return last === undefined
    ? { ...chat, isFromBeginning: true }
    : readUpto(withMessages(chat, messages), last.id);
}

/** The first message that is new in the open chat. */
export function firstNew(open: Open, chat: Chat, me: Phone): Message | undefined {
  const after = open.newAfter;
  return after === null
    ? undefined
    : chat.messages.find((message) => isUnread(message, { ...chat, readUpto: after }, me));
}
