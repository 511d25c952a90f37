/**
 * Files of a campus as lists of entries: its own JSON, GeoJSON, or a table as CSV. `quad admin load`
 * reads the same ones (`quad/campus.py`).
 */
export interface Entry {
  /** How the file counts: by entries, lines, or features, from 1. */
  place: "entry" | "line" | "feature";
  number: number;
  /** Perhaps a building. */
  value: unknown;
}

export interface Source {
  entries: readonly Entry[];
  /** How many shapes of a map were left out, because they have no name. */
  unnamed: number;
}

/** Why there are no entries. */
export type Unreadable = "unknown" | "no_list" | "no_columns" | "empty";

const DEFAULT_RANGE_M = 50;
const EARTH_RADIUS_M = 6_371_008.8;
const COLUMNS: Record<string, readonly string[]> = {
  id: ["id", "@id"],
  name: ["name", "nome", "название"],
  latitude: ["latitude", "lat"],
  longitude: ["longitude", "lon", "lng", "long"],
  range: ["range", "radius", "radious"],
};
const NUMBERS = ["latitude", "longitude", "range"];

type Fields = Record<string, unknown>;

export function sourceOf(content: string): Source | Unreadable {
  const text = content.replace(/^\ufeff/, "");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return /^\s*[{[]/.test(text) ? "unknown" : table(text);
  }
  const { containedSpaces, features } = Object(value) as Fields;
  if (Array.isArray(containedSpaces)) {
    return filled(
      containedSpaces.map((value: unknown, index) => ({
        place: "entry",
        number: index + 1,
        value,
      })),
      0,
    );
  }
  return Array.isArray(features) ? map(features) : "no_list";
}

function filled(entries: readonly Entry[], unnamed: number): Source | "empty" {
  return entries.length > 0 ? { entries, unnamed } : "empty";
}

/** Whoever gives no id means the name; whoever gives no radius, a usual one. */
function completed(fields: Fields): Fields {
  return { id: fields.name, range: DEFAULT_RANGE_M, ...fields };
}

// Tables

function table(text: string): Source | Unreadable {
  const head = text.split("\n", 1)[0] ?? "";
  const often = (sign: string): number => head.split(sign).length;
  const delimiter = [",", ";", "\t"].reduce((a, b) => (often(b) > often(a) ? b : a));
  const [first, ...rows] = rowsOf(text, delimiter);
  const names = (first?.cells ?? []).map((name) => name.trim().toLowerCase());
  const column = (key: string): number =>
    names.findIndex((name) => COLUMNS[key]?.includes(name) ?? false);
  if (["name", "latitude", "longitude"].some((key) => column(key) < 0)) {
    return first === undefined || names.length < 2 ? "unknown" : "no_columns";
  }
  const entries = rows
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ""))
    .map(({ line, cells }): Entry => {
      const fields = Object.keys(COLUMNS).flatMap((key) => {
        const cell = cells[column(key)]?.trim() ?? "";
        // As many languages write it, in tables that need the comma for nothing else.
        const isNumber = NUMBERS.includes(key) && delimiter !== ",";
        return cell === "" ? [] : [[key, isNumber ? cell.replace(",", ".") : cell] as const];
      });
      return { place: "line", number: line, value: completed(Object.fromEntries(fields)) };
    });
  return filled(entries, 0);
}

/** The rows of a CSV, each with the number of the line on which it ends; cells may hold lines. */
function rowsOf(text: string, delimiter: string): { line: number; cells: string[] }[] {
  const rows: { line: number; cells: string[] }[] = [];
  const sign = delimiter === "\t" ? "\\t" : delimiter;
  const pattern = new RegExp(`(?:"((?:[^"]|"")*)"|([^${sign}\\r\\n]*))(${sign}|\\r?\\n|$)`, "gy");
  let cells: string[] = [];
  let line = 1;
  for (const [whole, quoted, plain = "", end] of text.matchAll(pattern)) {
    cells.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== delimiter) {
      rows.push({ line: line + (quoted?.split("\n").length ?? 1) - 1, cells });
      cells = [];
    }
    line += whole.split("\n").length - 1;
    if (end === "") {
      break;
    }
  }
  return rows;
}

// Maps

function map(features: readonly unknown[]): Source | "empty" {
  const all = features.map((feature, index): Entry & { value: Fields } => ({
    place: "feature",
    number: index + 1,
    value: ofFeature(Object(feature) as Fields),
  }));
  const named = all.filter(({ value }) => value.name !== undefined);
  return filled(named, all.length - named.length);
}

/** A building as a point, or as the circle around its shape. */
function ofFeature({ id, properties, geometry }: Fields): Fields {
  const given = Object(properties) as Fields;
  const found = Object.entries(COLUMNS).flatMap(([key, names]) => {
    const value = names.map((name) => given[name] ?? "").find((each) => each !== "");
    return value === undefined ? [] : [[key, value] as const];
  });
  const corners = pointsOf((Object(geometry) as Fields).coordinates);
  return completed({
    ...(corners.length > 0 && circleAround(corners)),
    ...Object.fromEntries(found),
    ...(id !== undefined && id !== null && { id }),
  });
}

/** All corners, as longitude and latitude. */
function pointsOf(coordinates: unknown): [number, number][] {
  if (!Array.isArray(coordinates)) {
    return [];
  }
  const [east, north] = coordinates as unknown[];
  return typeof east === "number" && typeof north === "number"
    ? [[east, north]]
    : coordinates.flatMap(pointsOf);
}

function circleAround(points: readonly [number, number][]): Fields {
  const middle = (axis: 0 | 1): number => {
    const all = points.map((point) => point[axis]);
    const least = all.reduce((a, b) => Math.min(a, b));
    const most = all.reduce((a, b) => Math.max(a, b));
    return Math.round(((least + most) / 2) * 1e6) / 1e6;
  };
  const [longitude, latitude] = [middle(0), middle(1)];
  const reach = points
    .map(([east, north]) => metres(latitude, longitude, north, east))
    .reduce((a, b) => Math.max(a, b));
  return { latitude, longitude, ...(reach > 0 && { range: Math.ceil(reach) }) };
}

/** Near enough for a building: on a plane. */
function metres(
  latitude: number,
  longitude: number,
  otherNorth: number,
  otherEast: number,
): number {
  const radians = Math.PI / 180;
  const north = (otherNorth - latitude) * radians;
  const east = (otherEast - longitude) * radians * Math.cos(latitude * radians);
  return EARTH_RADIUS_M * Math.hypot(north, east);
}
