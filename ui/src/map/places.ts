/** Places on the Earth: WGS 84 degrees, and metres between them. */
export interface Place {
  latitude: number;
  longitude: number;
}

/** A building as the map draws it; `radious`, in metres, is spelled as on the wire. */
export interface MapBuilding extends Place {
  id: string;
  name: string;
  radious: number;
  /** What is written at it, if that is not its name. */
  label?: string;
}

/** A server of pictures beneath the drawing: its address with {z}, {x} and {y}, and whose they are. */
export interface Tiles {
  url: string;
  attribution: string;
}

const EARTH_RADIUS_M = 6_371_008.8;
const LONGEST_LABEL = 32;
const RADIANS = Math.PI / 180;

/** Metres along the sphere, which is right to half of a percent: for drawing, not for deciding. */
export function metresBetween(a: Place, b: Place): number {
  const north = (b.latitude - a.latitude) * RADIANS;
  const east = (b.longitude - a.longitude) * RADIANS;
  const h =
    Math.sin(north / 2) ** 2 +
    Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * Math.sin(east / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** A degree as people write it: with a comma or a point, with ° and a letter of the compass. */
export function parseDegrees(text: string): number {
  const match = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*°?\s*([NSEWO])?$/i.exec(
    text.trim().replace("−", "-").replace(",", "."),
  );
  const [, digits = "", letter = ""] = match ?? [];
  const isNegative = /[SWO]/i.test(letter);
  return match === null ? NaN : isNegative ? -Number(digits) : Number(digits);
}

/** Both degrees, if somebody has pasted them into one field: "38.7368, -9.1387". */
export function parsePair(text: string): Place | undefined {
  const parts = text.trim().split(/\s*;\s*|\s*,\s+|(?<=\.\d+[^,]*),|\s+(?=[+\-−\d])/);
  if (parts.length !== 2) {
    return undefined;
  }
  const [latitude = NaN, longitude = NaN] = parts.map(parseDegrees);
  return isLatitude(latitude) && isLongitude(longitude) ? { latitude, longitude } : undefined;
}

/** Metres as people write them, such as "1 500" or "1,5"; NaN for what is no number. */
export function parseMetres(text: string): number {
  const digits = text
    .trim()
    .replace(/\s*m$/i, "")
    .replace(/[\s\u00a0\u202f]/g, "")
    .replace(",", ".");
  return /^\d+(\.\d*)?$/.test(digits) ? Number(digits) : NaN;
}

export function isLatitude(degrees: number): boolean {
  return Math.abs(degrees) <= 90;
}

export function isLongitude(degrees: number): boolean {
  return Math.abs(degrees) <= 180;
}

/** Degrees to about a tenth of a metre: more digits are noise. */
export function rounded(place: Place): Place {
  const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;
  return { latitude: round(place.latitude), longitude: round(place.longitude) };
}

/** Metres as exact as a hand can be: to the metre, or to two or three digits. */
export function roundedMetres(metres: number): number {
  const step = metres < 100 ? 1 : metres < 1000 ? 10 : 10 ** (Math.floor(Math.log10(metres)) - 1);
  return Math.round(metres / step) * step;
}

/** The next range up or down, for keys: about a tenth more or less, and at least a metre. */
export function stepped(metres: number, direction: 1 | -1, limit: number): number {
  const step = Math.max(1, metres / 10);
  const next = roundedMetres(metres + direction * step);
  const moved = next === metres ? metres + direction : next;
  return Math.min(limit, Math.max(0, moved));
}

/** A label that fits a map, with its end: there stands how many are in a building. */
export function shortened(label: string): string {
  const signs = [...label];
  const tail = LONGEST_LABEL / 4;
  return signs.length <= LONGEST_LABEL
    ? label
    : [...signs.slice(0, LONGEST_LABEL - tail - 1), "…", ...signs.slice(-tail)].join("");
}
