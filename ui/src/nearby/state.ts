/** What somebody sees of their surroundings, and how each event changes it. */
import { metresBetween, type MapBuilding, type Place } from "../map/places";
import type { Told } from "../wire/generated";
import type { Link } from "../wire/socket";

/** How a place became known: from the browser, from the fields, from the map. */
export type Source = "browser" | "hand" | "map";

export interface Spot extends Place {
  source: Source;
  /** How exactly the browser knows it, in metres. */
  accuracy?: number;
}

/** What the browser says about our place; all but the first three are reasons why it says nothing. */
export type Following = "off" | "asking" | "on" | "denied" | "unknown" | "insecure";

export type Target = "range" | "building" | "chosen";

/** Whom a message of one's own went to. */
export interface Address {
  target: Target;
  names: readonly string[];
}

export interface Message {
  /** Rises by one with each message of this tab. */
  number: number;
  text: string;
  /** In milliseconds since 1970. */
  at: number;
  /** Who wrote it, if it was not oneself. */
  from?: string;
  /** Whom it went to, if it was written here. */
  to?: Address;
}

export interface State {
  link: Link;
  /** The session is over: only a new login helps. */
  isOver: boolean;
  spot: Spot | undefined;
  /** The place before somebody clicked on the map, perhaps not on purpose. */
  spotBefore: Spot | undefined;
  following: Following;
  /** The name of the building; empty outside of all, undefined as long as nobody knows. */
  building: string | undefined;
  buildings: readonly MapBuilding[];
  /** Whether the server has told of its buildings, be there any or none. */
  isMapped: boolean;
  rangeM: number;
  inBuilding: readonly string[];
  inRange: readonly string[];
  target: Target;
  chosen: readonly string[];
  messages: readonly Message[];
  /** How many messages came while nobody looked. */
  unread: number;
  isWatched: boolean;
  isCatchingUp: boolean;
}

export type Event =
  | { type: "linked"; link: Link }
  | { type: "entered" }
  | { type: "over" }
  | { type: "following"; following: Following }
  | { type: "placed"; spot: Spot }
  | { type: "undone" }
  | { type: "housed"; name: string }
  | { type: "mapped"; buildings: readonly MapBuilding[] }
  | { type: "ranged"; metres: number }
  | { type: "around"; building: readonly string[]; range: readonly string[] }
  | { type: "heard"; messages: readonly Told[] }
  | { type: "sent"; text: string; to: Address; at: number }
  | { type: "aimed"; target: Target }
  | { type: "chosen"; id: string; isChosen: boolean }
  | { type: "answering"; id: string }
  | { type: "watched"; isWatched: boolean };

/** What `update/coordinates` answers where no building is. */
const OUTSIDE = "Out of registered facilities";
const KEPT_MESSAGES = 500;

export interface Beginning {
  rangeM: number;
  spot?: Spot | undefined;
  messages?: readonly Message[] | undefined;
}

export function begin({ rangeM, spot, messages = [] }: Beginning): State {
  return {
    link: "connecting",
    isOver: false,
    spot,
    spotBefore: undefined,
    following: "off",
    building: undefined,
    buildings: [],
    isMapped: false,
    rangeM,
    inBuilding: [],
    inRange: [],
    target: "range",
    chosen: [],
    messages,
    unread: 0,
    isWatched: true,
    isCatchingUp: true,
  };
}

export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case "linked":
      return { ...state, link: event.link };
    case "entered":
      return { ...state, isCatchingUp: true };
    case "over":
      return { ...state, isOver: true, link: "ended" };
    case "around":
      return { ...state, inBuilding: event.building, inRange: event.range };
    case "heard":
      return hear(state, event.messages);
    case "sent":
      return say(state, event.text, event.to, event.at);
    case "watched":
      return {
        ...state,
        isWatched: event.isWatched,
        unread: event.isWatched ? 0 : state.unread,
      };
    case "aimed":
    case "chosen":
    case "answering":
      return aim(state, event);
    default:
      return settle(state, event);
  }
}

// Places

type OfPlaces = Extract<
  Event,
  { type: "following" | "placed" | "undone" | "housed" | "mapped" | "ranged" }
>;

function settle(state: State, event: OfPlaces): State {
  switch (event.type) {
    case "following":
      return event.following === state.following ? state : { ...state, following: event.following };
    case "placed":
      return {
        ...state,
        spot: event.spot,
        spotBefore: event.spot.source === "map" ? state.spot : undefined,
      };
    case "undone":
      return { ...state, spot: state.spotBefore, spotBefore: undefined };
    case "housed":
      return { ...state, building: event.name === OUTSIDE ? "" : event.name };
    case "mapped":
      return { ...state, buildings: event.buildings, isMapped: true };
    case "ranged":
      return { ...state, rangeM: event.metres };
  }
}

/** The building that one is in: the server tells only its name, which several may bear. */
export function buildingOf(state: State): MapBuilding | undefined {
  const { spot, building } = state;
  const distance = (each: MapBuilding): number => (spot ? metresBetween(spot, each) : 0);
  return state.buildings
    .filter((each) => each.name === building)
    .reduce<MapBuilding | undefined>(
      (best, each) => (best && distance(best) <= distance(each) ? best : each),
      undefined,
    );
}

// People

export interface Neighbour {
  id: string;
  isInBuilding: boolean;
  isInRange: boolean;
  isChosen: boolean;
}

/** Everybody around, by name, and those who were chosen and have left since. */
export function neighbours(state: State): Neighbour[] {
  const building = new Set(state.inBuilding);
  const range = new Set(state.inRange);
  const chosen = new Set(state.chosen);
  return [...new Set([...building, ...range, ...chosen])]
    .sort((a, b) => a.localeCompare(b))
    .map((id) => ({
      id,
      isInBuilding: building.has(id),
      isInRange: range.has(id),
      isChosen: chosen.has(id),
    }));
}

/** To whom a message goes now. */
export function recipients(state: State): readonly string[] {
  switch (state.target) {
    case "range":
      return state.inRange;
    case "building":
      return state.inBuilding;
    case "chosen":
      return state.chosen;
  }
}

type OfRecipients = Extract<Event, { type: "aimed" | "chosen" | "answering" }>;

function aim(state: State, event: OfRecipients): State {
  switch (event.type) {
    case "aimed":
      return { ...state, target: event.target };
    case "answering":
      return { ...state, chosen: [event.id], target: "chosen" };
    case "chosen": {
      const others = state.chosen.filter((id) => id !== event.id);
      const chosen = event.isChosen ? [...others, event.id] : others;
      const target = chosen.length > 0 ? "chosen" : "range";
      return { ...state, chosen, target };
    }
  }
}

// Messages

/**
 * What has come. After a connection was lost the server tells again what any tab of ours may lack,
 * and messages have no ids: so the first of what comes then is held against what is here.
 */
function hear(state: State, told: readonly Told[]): State {
  const news = state.isCatchingUp ? withoutKnown(state.messages, told) : told;
  const first = nextNumber(state);
  const added = news.map(({ timestamp, id, message }, index) => ({
    number: first + index,
    from: id,
    text: message,
    at: atOf(timestamp),
  }));
  return {
    ...state,
    messages: [...state.messages, ...added].slice(-KEPT_MESSAGES),
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

function say(state: State, text: string, to: Address, at: number): State {
  const message = { number: nextNumber(state), text, to, at };
  return { ...state, messages: [...state.messages, message].slice(-KEPT_MESSAGES) };
}

function nextNumber(state: State): number {
  return (state.messages.at(-1)?.number ?? 0) + 1;
}

function keyOf(from: string, text: string, at: number): string {
  return JSON.stringify([from, text, at]);
}

/** `YYYY-MM-DD HH:MM:SS`, in UTC. */
function atOf(timestamp: string): number {
  return Date.parse(`${timestamp.replace(" ", "T")}Z`);
}
