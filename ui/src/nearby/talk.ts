/** What was said around here, and what has become of what was written here. */
import type { Addressed, Told } from "../wire/generated";

export type Target = "range" | "building" | "chosen";

/** Whom a message of one's own goes to. */
export interface Address {
  target: Target;
  names: readonly string[];
}

/** Written here: under its key the server takes it once, however often it is sent. */
export interface Letter {
  key: string;
  to: Address;
  /** Until the server has kept it. */
  isWaiting?: boolean;
  /** Why the server will not have it: one of its codes, and its sentence. */
  refused?: { code: string; detail: string };
  /** Those of them whom the server does not know. */
  unknown?: string;
}

export interface Message {
  /** Rises by one with each message of this tab. */
  number: number;
  text: string;
  /** In milliseconds since 1970. */
  at: number;
  /** Who wrote it, if it was not oneself. */
  from?: string;
  /** Whom it went to, as far as the server says. */
  audience?: Addressed;
  letter?: Letter;
}

/** A message of one's own that is not at the server yet. */
export interface Waiting {
  key: string;
  text: string;
  to: Address;
  at: number;
}

export interface Talk {
  messages: readonly Message[];
  /** How many messages came while nobody looked. */
  unread: number;
  isWatched: boolean;
  isCatchingUp: boolean;
}

export type OfTalk =
  | { type: "heard"; messages: readonly Told[] }
  | ({ type: "written" } & Waiting)
  /** `unknown` are those whom the server does not know, if it does not know all. */
  | { type: "delivered"; key: string; unknown: string }
  | { type: "refused"; key: string; code: string; detail: string }
  | { type: "again"; key: string }
  | { type: "discarded"; key: string }
  | { type: "watched"; isWatched: boolean };

const KEPT_MESSAGES = 500;

const OF_TALK: ReadonlySet<string> = new Set<OfTalk["type"]>([
  "heard",
  "written",
  "delivered",
  "refused",
  "again",
  "discarded",
  "watched",
]);

export function isOfTalk<Other extends { type: string }>(event: Other | OfTalk): event is OfTalk {
  return OF_TALK.has(event.type);
}

export function talk<Known extends Talk>(state: Known, event: OfTalk): Known {
  switch (event.type) {
    case "heard":
      return hear(state, event.messages);
    case "written":
      return write(state, event);
    case "delivered":
      return change(state, event.key, ({ key, to }) =>
        event.unknown ? { key, to, unknown: event.unknown } : { key, to },
      );
    case "refused": {
      const { code, detail } = event;
      return change(state, event.key, ({ key, to }) => ({ key, to, refused: { code, detail } }));
    }
    case "again":
      return change(state, event.key, ({ key, to }) => ({ key, to, isWaiting: true }));
    case "discarded":
      return {
        ...state,
        messages: state.messages.filter((each) => each.letter?.key !== event.key),
      };
    case "watched": {
      const { isWatched } = event;
      return { ...state, isWatched, unread: isWatched ? 0 : state.unread };
    }
  }
}

/** Whether it went to nobody else. */
export function isPrivate({ audience, letter }: Message): boolean {
  return letter
    ? letter.to.target === "chosen" && letter.to.names.length === 1
    : audience?.audience === "you";
}

/** What is not at the server yet, and neither declined by it, the oldest first. */
export function waiting(messages: readonly Message[]): Waiting[] {
  return messages.flatMap(({ text, at, letter }) =>
    letter?.isWaiting ? [{ key: letter.key, to: letter.to, text, at }] : [],
  );
}

/** What may still be lost if this tab forgets it. */
export function unsent(messages: readonly Message[]): Message[] {
  return messages.filter(({ letter }) => letter?.isWaiting || letter?.refused);
}

/**
 * What has come. After a connection was lost the server tells again what any tab of ours may lack,
 * and messages have no ids: so the first of what comes then is held against what is here.
 */
function hear<Known extends Talk>(state: Known, told: readonly Told[]): Known {
  const news = state.isCatchingUp ? withoutKnown(state.messages, told) : told;
  const first = nextNumber(state);
  const added = news.map(({ timestamp, id, message, to }, index) => ({
    number: first + index,
    from: id,
    text: message,
    at: atOf(timestamp),
    ...(to && { audience: to }),
  }));
  return {
    ...state,
    messages: trimmed([...state.messages, ...added]),
    unread: state.isWatched ? 0 : state.unread + added.length,
    isCatchingUp: false,
  };
}

function withoutKnown(known: readonly Message[], told: readonly Told[]): Told[] {
  const counts = new Map<string, number>();
  for (const { from, text, at } of known) {
    if (from !== undefined) {
      const key = keyOf(from, text, at);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return told.filter(({ timestamp, id, message }) => {
    const key = keyOf(id, message, atOf(timestamp));
    const count = counts.get(key) ?? 0;
    counts.set(key, count - 1);
    return count <= 0;
  });
}

function write<Known extends Talk>(state: Known, { key, text, to, at }: Waiting): Known {
  // What another tab has left behind may be here already.
  if (state.messages.some((each) => each.letter?.key === key)) {
    return state;
  }
  const message = { number: nextNumber(state), text, at, letter: { key, to, isWaiting: true } };
  return { ...state, messages: trimmed([...state.messages, message]) };
}

function change<Known extends Talk>(
  state: Known,
  key: string,
  next: (letter: Letter) => Letter,
): Known {
  const messages = state.messages.map((each) =>
    each.letter?.key === key ? { ...each, letter: next(each.letter) } : each,
  );
  return { ...state, messages };
}

/** The latest, and whatever is not sent yet, be it ever so old. */
function trimmed(messages: readonly Message[]): readonly Message[] {
  const old = messages.slice(0, -KEPT_MESSAGES);
  return old.length === 0 ? messages : [...unsent(old), ...messages.slice(-KEPT_MESSAGES)];
}

function nextNumber({ messages }: Talk): number {
  return (messages.at(-1)?.number ?? 0) + 1;
}

function keyOf(from: string, text: string, at: number): string {
  return JSON.stringify([from, text, at]);
}

/** `YYYY-MM-DD HH:MM:SS`, in UTC. */
function atOf(timestamp: string): number {
  return Date.parse(`${timestamp.replace(" ", "T")}Z`);
}
