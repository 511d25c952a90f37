/** What the chat page knows: people, chats with their messages, and what waits to be sent. */

/** A phone number in its one spelling names a person; a name may change. */
export type Phone = string;

export interface Person {
  phone: Phone;
  name: string;
  /** When the last of the person's connections ended, in milliseconds; null while one is open. */
  awaySince: number | null;
}

export interface Message {
  /** Sorts by time, as text. */
  id: string;
  chat: string;
  from: Phone;
  /** What the sender was called then: somebody who has left is not among the people any more. */
  name: string;
  at: number;
  text: string;
  /** Of an echo, what the page that wrote it called it. */
  wireKey?: string;
}

/** Why a chat is shown that is none any more. */
export type Gone = "deleted" | "removed";

export interface Chat {
  name: string;
  /** The oldest member first. */
  members: readonly Phone[];
  /** Null until the server has said: somebody who is added learns only that. */
  owner: Phone | null;
  /** By id; before the chat was opened only the last one and those that are unread. */
  messages: readonly Message[];
  /** The last message that was seen, "" for none. */
  readUpto: string;
  /** Up to this message nothing is missing here, as far as what is here goes back; "" if unknown. */
  wholeUpto: string;
  /** When something happened last, for the order of the list. */
  activity: number;
  /** Whether all that this browser has kept is in `messages`. */
  isWhole: boolean;
  /** Whether the server has said that there is nothing before `messages`. */
  isFromBeginning: boolean;
  /** Whether the server has said on this connection which is the newest message. */
  isChecked: boolean;
  gone: Gone | null;
}

/** A message that is written and not yet known to be saved by the server. */
export interface Waiting {
  key: number;
  chat: string;
  text: string;
  at: number;
  /** What the server knows it by, however often it is sent. */
  wireKey: string;
  /** The code with which the server declined it for good. */
  refused: string | null;
}

/** The chat that is looked at. */
export interface Open {
  chat: string;
  /** What came after this id is new, and marked so; null when nothing is. */
  newAfter: string | null;
}

/** A message that was looked for; each search has one of its own. */
export interface Target {
  id: string;
}

export interface State {
  me: Phone;
  people: Readonly<Record<Phone, Person>>;
  chats: Readonly<Record<string, Chat>>;
  queue: readonly Waiting[];
  open: Open | null;
  /** Whether the newest message of the open chat is before somebody's eyes. */
  isLooking: boolean;
  /** Whether the server has said at least once which chats there are. */
  isKnown: boolean;
}

/** A chat as the browser keeps it between visits. */
export interface KeptChat {
  name: string;
  members: readonly Person[];
  owner: Phone | null;
  readUpto: string;
  wholeUpto: string;
  activity: number;
}

export function emptyState(me: Phone): State {
  return {
    me,
    people: {},
    chats: {},
    queue: [],
    open: null,
    isLooking: false,
    isKnown: false,
  };
}

export function lastOf(chat: Chat): Message | undefined {
  return chat.messages.at(-1);
}

/** How many messages of others were not seen. */
export function unreadOf(chat: Chat, me: Phone): number {
  return chat.messages.filter((message) => isUnread(message, chat, me)).length;
}

export function isUnread(message: Message, chat: Chat, me: Phone): boolean {
  return message.id > chat.readUpto && message.from !== me;
}

export function totalUnread(state: State): number {
  return Object.values(state.chats).reduce((sum, chat) => sum + unreadOf(chat, state.me), 0);
}

/** The latest first. */
export function sortedChats(state: State): Chat[] {
  return Object.values(state.chats).sort(
    (a, b) => b.activity - a.activity || (a.name < b.name ? -1 : 1),
  );
}

export function keptChat(chat: Chat, people: State["people"]): KeptChat {
  return {
    name: chat.name,
    members: chat.members.flatMap((phone) => people[phone] ?? []),
    owner: chat.owner,
    readUpto: chat.readUpto,
    wholeUpto: chat.wholeUpto,
    activity: chat.activity,
  };
}
