/** What the administrator's page knows, and how it changes. */
import type {
  AlertRoomOverview,
  BotOverview,
  BuildingLine,
  BuildingOverview,
  ChatFigures,
  ChatPage,
  ClassPage,
  Day,
  EventFigures,
  Figures,
  Someone,
  UserCounts,
  UserLine,
  UserPage,
} from "../wire/generated";
import { measured, NOTHING, type Live } from "./live";
import { HOME, type Opened, type Place } from "./route";

/** `expired`: it was open, and what is on the page stays while the password is asked again. */
export type Standing = "asking" | "out" | "in" | "expired";

export interface Tables {
  buildings?: readonly BuildingOverview[];
  bots?: readonly BotOverview[];
  counts?: UserCounts;
  people?: UserPage;
  classes?: ClassPage;
  rooms?: readonly AlertRoomOverview[];
  chats?: ChatFigures;
  chatPage?: ChatPage;
  day?: Day;
  events?: readonly EventFigures[];
}
export type Table = keyof Tables;

/** Who is looked for. */
export interface Find {
  search: string;
  isOnline: boolean;
  building: string;
  offset: number;
}

/** Which chats are looked for. */
export interface ChatFind {
  search: string;
  offset: number;
}

/** What is open beside the people: a person's log, or who is in a building and its log. */
export type Detail =
  | { of: Opened; isMissing: true }
  | { of: Opened; isMissing: false; people: readonly Someone[]; lines: readonly DetailLine[] };
export type DetailLine = UserLine | BuildingLine;

export interface State {
  standing: Standing;
  isLost: boolean;
  /** What the server says is wrong with what was asked last, if anything. */
  problem: string | undefined;
  /** When the server was last heard, in milliseconds since 1970. */
  now: number;
  place: Place;
  live: Live;
  tables: Tables;
  find: Find;
  classOffset: number;
  chatFind: ChatFind;
  detail: Detail | undefined;
}

export type Event =
  | { kind: "admitted" }
  | { kind: "left" }
  | { kind: "not_allowed" }
  | { kind: "lost" }
  | { kind: "heard" }
  | { kind: "declined"; problem: string | undefined }
  | { kind: "went"; place: Place }
  | { kind: "figures"; figures: Figures; now: number }
  | { kind: "loaded"; tables: Tables }
  | { kind: "found"; find: Find; people: UserPage }
  | { kind: "listed"; offset: number; classes: ClassPage }
  | { kind: "looked"; detail: Detail }
  | { kind: "find"; find: Find }
  | { kind: "turn"; offset: number }
  | { kind: "seek"; chatFind: ChatFind }
  | { kind: "chats"; chatFind: ChatFind; chats: ChatPage };

export const PAGE_SIZE = 50;
export const ANYBODY: Find = { search: "", isOnline: false, building: "", offset: 0 };

export const START: State = {
  standing: "asking",
  isLost: false,
  problem: undefined,
  now: 0,
  place: HOME,
  live: NOTHING,
  tables: {},
  find: ANYBODY,
  classOffset: 0,
  chatFind: { search: "", offset: 0 },
  detail: undefined,
};

export function reduce(state: State, event: Event): State {
  switch (event.kind) {
    case "admitted":
      return { ...state, standing: "in", isLost: false };
    case "left":
      return { ...START, standing: "out", place: state.place };
    case "not_allowed":
      return { ...state, standing: withoutSession(state.standing) };
    case "lost":
      return { ...state, isLost: true };
    case "heard":
      return state.isLost ? { ...state, isLost: false } : state;
    case "declined":
      return { ...state, problem: event.problem };
    default:
      return reduceTables(state, event);
  }
}

type OfPage = { kind: "admitted" | "left" | "not_allowed" | "lost" | "heard" | "declined" };
type OfLists = { kind: "found" | "listed" | "chats" | "find" | "turn" | "seek" };
type TableEvent = Exclude<Event, OfPage>;
type ListEvent = Extract<Event, OfLists>;

function reduceTables(state: State, event: TableEvent): State {
  switch (event.kind) {
    case "went":
      return wentTo(state, event.place);
    case "figures": {
      const live = measured(state.live, event.figures, event.now / 1000);
      return { ...state, now: event.now, live };
    }
    case "loaded":
      return { ...state, tables: loaded(state.tables, event.tables) };
    case "looked":
      return isEqual(event.detail.of, state.place.opened)
        ? { ...state, detail: kept(state.detail, event.detail) }
        : state;
    default:
      return reduceLists(state, event);
  }
}

/** Parts of long lists: what somebody looks for, and what has come of it if they still do. */
function reduceLists(state: State, event: ListEvent): State {
  switch (event.kind) {
    case "found":
      return isEqual(event.find, state.find) ? found(state, event.people) : state;
    case "listed":
      return event.offset === state.classOffset ? listed(state, event.classes) : state;
    case "chats":
      return isEqual(event.chatFind, state.chatFind) ? chatted(state, event.chats) : state;
    case "find":
      return { ...state, find: event.find };
    case "turn":
      return { ...state, classOffset: event.offset };
    case "seek":
      return { ...state, chatFind: event.chatFind };
  }
}

/** What waits for the administrator first, then by id. */
export function waitingFirst(bots: readonly BotOverview[]): {
  waiting: BotOverview[];
  others: BotOverview[];
} {
  return {
    waiting: bots.filter((bot) => !bot.is_authorised),
    others: bots.filter((bot) => bot.is_authorised),
  };
}

/** Buildings by people, most first; those without any come last, by name. */
export function byPeople(counts: UserCounts): UserCounts["buildings"] {
  return [...counts.buildings].sort((a, b) => b.online - a.online || a.name.localeCompare(b.name));
}

function withoutSession(standing: Standing): Standing {
  return standing === "in" || standing === "expired" ? "expired" : "out";
}

function wentTo(state: State, place: Place): State {
  const isSame = isEqual(place.opened, state.place.opened);
  return { ...state, place, problem: undefined, detail: isSame ? state.detail : undefined };
}

/** A page of the list that has become empty is left for the last one that has anything. */
function found(state: State, people: UserPage): State {
  const offset = within(state.find.offset, people.total);
  const find = offset === state.find.offset ? state.find : { ...state.find, offset };
  return { ...state, find, tables: loaded(state.tables, { people }) };
}

function listed(state: State, classes: ClassPage): State {
  const classOffset = within(state.classOffset, classes.total);
  return { ...state, classOffset, tables: loaded(state.tables, { classes }) };
}

function chatted(state: State, chatPage: ChatPage): State {
  const offset = within(state.chatFind.offset, chatPage.total);
  const chatFind =
    offset === state.chatFind.offset ? state.chatFind : { ...state.chatFind, offset };
  return { ...state, chatFind, tables: loaded(state.tables, { chatPage }) };
}

function within(offset: number, total: number): number {
  return offset < total ? offset : Math.max(0, Math.ceil(total / PAGE_SIZE) - 1) * PAGE_SIZE;
}

/** What has not changed stays the same value, so that nothing on the page moves. */
function loaded(tables: Tables, news: Tables): Tables {
  const changed = Object.entries(news).filter(
    ([name, value]) => !isEqual(value, tables[name as Table]),
  );
  return changed.length === 0 ? tables : { ...tables, ...Object.fromEntries(changed) };
}

function kept<T>(before: T, after: T): T {
  return isEqual(before, after) ? before : after;
}

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
