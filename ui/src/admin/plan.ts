/** What is written into the form of a building, and whether a building can be made of it. */
import { isLatitude, isLongitude, parseDegrees, parseMetres } from "../map/places";
import type { BuildingOverview, Plan as AnyPlan } from "../wire/generated";

/** The server takes the text of numbers as well; this page sends none. */
export interface Plan extends AnyPlan {
  latitude: number;
  longitude: number;
  radious: number;
}

/** As it is typed. */
export interface Draft {
  id: string;
  name: string;
  latitude: string;
  longitude: string;
  radius: string;
}

export type DraftField = keyof Draft;
/** Keys of the messages that say what is wrong. */
export type Problems = Partial<Record<DraftField, string>>;

export const EMPTY: Draft = { id: "", name: "", latitude: "", longitude: "", radius: "50" };
/** Half around the Earth. How much of that a server allows is its own to say. */
export const LONGEST_RADIUS_M = 20_100_000;
export const ID_LIMIT = 128;
export const NAME_LIMIT = 200;

const CONTROLS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

export function draftOf(building: BuildingOverview): Draft {
  return {
    id: building.id,
    name: building.name,
    latitude: String(building.latitude),
    longitude: String(building.longitude),
    radius: String(building.radious),
  };
}

/** The building, or what is wrong; `taken` are the ids that a new one must not have. */
export function planOf(
  draft: Draft,
  taken: readonly string[],
): { plan: Plan; problems?: undefined } | { plan?: undefined; problems: Problems } {
  const plan: Plan = {
    id: draft.id.trim(),
    name: draft.name.trim(),
    latitude: parseDegrees(draft.latitude),
    longitude: parseDegrees(draft.longitude),
    radious: parseMetres(draft.radius),
  };
  const problems = problemsOf(plan, taken);
  return Object.keys(problems).length > 0 ? { problems } : { plan };
}

/** What is wrong with a building, whether it was typed or read from a file. */
export function problemsOf(plan: Plan, taken: readonly string[]): Problems {
  const found: Problems = {};
  const note = (field: DraftField, problem: string | undefined): void => {
    if (problem !== undefined) {
      found[field] = problem;
    }
  };
  note("id", taken.includes(String(plan.id)) ? "taken" : text(String(plan.id), ID_LIMIT));
  note("name", text(plan.name, NAME_LIMIT));
  note("latitude", isLatitude(plan.latitude) ? undefined : "latitude");
  note("longitude", isLongitude(plan.longitude) ? undefined : "longitude");
  const isRadius = plan.radious >= 0 && plan.radious <= LONGEST_RADIUS_M;
  note("radius", isRadius ? undefined : "radius");
  return found;
}

function text(value: string, limit: number): string | undefined {
  if (value === "") {
    return "empty";
  }
  // The server counts characters and not UTF-16 units.
  return [...value].length > limit ? "long" : CONTROLS.test(value) ? "controls" : undefined;
}
