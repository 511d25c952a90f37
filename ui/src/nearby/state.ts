/** What somebody sees of their surroundings, and how each event changes it. */
import { metresBetween, type MapBuilding, type Place } from "../map/places";
import type { Link } from "../wire/socket";
import { isOfTalk, talk, type Message, type OfTalk, type Talk, type Target } from "./talk";

/** How a place became known: from the browser, from the fields, from the map, by a building's name. */
export type Source = "browser" | "hand" | "map" | "building";

export interface Spot extends Place {
  source: Source;
  /** How exactly the browser knows it, in metres. */
  accuracy?: number;
}

/** What the browser says about our place; all but the first three are reasons why it says nothing. */
export type Following = "off" | "asking" | "on" | "denied" | "unknown" | "insecure";

export interface State extends Talk {
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
  /** Whether the server has said who is around over this very connection. */
  isAroundKnown: boolean;
  inBuilding: readonly string[];
  inRange: readonly string[];
  target: Target;
  chosen: readonly string[];
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
  | OfTalk
  | { type: "aimed"; target: Target }
  | { type: "chosen"; id: string; isChosen: boolean }
  | { type: "answering"; id: string };

/** What `update/coordinates` answers where no building is. */
const OUTSIDE = "Out of registered facilities";

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
    isAroundKnown: false,
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
      // What was said over another connection nobody can vouch for any more.
      return { ...state, link: event.link, isAroundKnown: false };
    case "entered":
      return { ...state, isCatchingUp: true };
    case "over":
      return { ...state, isOver: true, link: "ended", isAroundKnown: false };
    case "around":
      return {
        ...state,
        isAroundKnown: state.link === "open",
        inBuilding: event.building,
        inRange: event.range,
      };
    case "aimed":
    case "chosen":
    case "answering":
      return aim(state, event);
    default:
      return isOfTalk(event) ? talk(state, event) : settle(state, event);
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

/** Where somebody is; `unknown` without a connection. */
export type Whereabout = "both" | "here" | "near" | "gone" | "unknown";

export function whereaboutOf({ isInBuilding, isInRange }: Neighbour, isKnown: boolean): Whereabout {
  if (!isKnown) {
    return "unknown";
  }
  if (isInBuilding) {
    return isInRange ? "both" : "here";
  }
  return isInRange ? "near" : "gone";
}

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
