/** A file of the campus: read before it is sent, so that one sees what it would do, and written. */
import type { BuildingOverview, CampusFile, Space } from "../wire/generated";
import { problemsOf, type DraftField, type Plan } from "./plan";
import { sourceOf, type Entry, type Unreadable } from "./sources";

/** What is wrong with one entry; `number` counts from 1. */
export interface Fault {
  place: Entry["place"];
  number: number;
  name: string;
  field: DraftField | "entry" | "range";
  problem: string;
}

export interface Preview {
  file: CampusFile;
  added: readonly Space[];
  changed: readonly Space[];
  same: number;
  faults: readonly Fault[];
  /** How many were left out, because they have no name. */
  unnamed: number;
}

export function readCampus(
  text: string,
  present: readonly BuildingOverview[],
): Preview | Unreadable {
  const source = sourceOf(text);
  return typeof source === "string"
    ? source
    : { ...previewOf(source.entries, present), unnamed: source.unnamed };
}

/** The campus as it is now, as a file that can be loaded here or elsewhere. */
export function campusOf(buildings: readonly BuildingOverview[]): string {
  const containedSpaces = buildings.map(({ id, name, latitude, longitude, radious }) => ({
    id,
    name,
    latitude,
    longitude,
    range: radious,
  }));
  return `${JSON.stringify({ containedSpaces }, undefined, 2)}\n`;
}

/** What somebody starts from who has no file yet. */
export const EXAMPLE: CampusFile = {
  containedSpaces: [
    { id: "library", name: "Library", latitude: 38.7371, longitude: -9.1391, range: 60 },
    { id: "lab-2", name: "Laboratory 2", latitude: 38.7379, longitude: -9.1402, range: 35 },
  ],
};

export function exampleText(): string {
  return `${JSON.stringify(EXAMPLE, undefined, 2)}\n`;
}

function previewOf(
  entries: readonly Entry[],
  present: readonly BuildingOverview[],
): Omit<Preview, "unnamed"> {
  const known = new Map(present.map((building) => [building.id, building]));
  const seen = new Set<string>();
  const faults: Fault[] = [];
  const spaces: Space[] = [];
  entries.forEach(({ place, number, value }) => {
    const space = spaceOf(value);
    const found = space === undefined ? undefined : faultsOf(space, seen);
    if (space === undefined || found === undefined) {
      faults.push({ place, number, name: nameOf(value), field: "entry", problem: "shape" });
      return;
    }
    faults.push(...found.map((fault) => ({ place, number, name: space.name, ...fault })));
    seen.add(String(space.id));
    spaces.push(space);
  });
  const added = spaces.filter((space) => !known.has(String(space.id)));
  const others = spaces.filter((space) => known.has(String(space.id)));
  const changed = others.filter((space) => !isSame(space, known.get(String(space.id))));
  const same = others.length - changed.length;
  return { file: { containedSpaces: spaces }, added, changed, same, faults };
}

function faultsOf(space: Space, seen: ReadonlySet<string>): Pick<Fault, "field" | "problem">[] {
  const problems = problemsOf(planOf(space), [
    ...(seen.has(String(space.id)) ? [String(space.id)] : []),
  ]);
  return Object.entries(problems).map(([field, problem]) => ({
    field: field as DraftField,
    problem: problem === "taken" ? "twice" : problem,
  }));
}

function planOf({ id, name, latitude, longitude, range }: Space): Plan {
  return { id: String(id), name: name.trim(), latitude, longitude, radious: range };
}

/** An entry that has the shape of a building; the server takes numbers that are written as texts. */
function spaceOf(entry: unknown): Space | undefined {
  const { id, name, latitude, longitude, range } = Object(entry) as Record<string, unknown>;
  const isNamed = (typeof id === "string" || typeof id === "number") && typeof name === "string";
  if (!isNamed || [latitude, longitude, range].some((value) => value === undefined)) {
    return undefined;
  }
  return {
    id,
    name,
    latitude: numberOf(latitude),
    longitude: numberOf(longitude),
    range: numberOf(range),
  };
}

function nameOf(entry: unknown): string {
  const { name } = Object(entry) as { name?: unknown };
  return typeof name === "string" ? name : "";
}

function numberOf(value: unknown): number {
  const isText = typeof value === "string" && value.trim() !== "";
  return typeof value === "number" ? value : isText ? Number(value) : NaN;
}

function isSame(space: Space, building: BuildingOverview | undefined): boolean {
  return (
    building !== undefined &&
    building.name === space.name.trim() &&
    building.latitude === space.latitude &&
    building.longitude === space.longitude &&
    building.radious === space.range
  );
}
