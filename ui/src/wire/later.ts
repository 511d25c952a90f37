/** Refusals that say nothing of what was asked: the same, asked later, is taken. */

const PASSING: ReadonlySet<string> = new Set(["rate_limited", "store_unavailable", "unavailable"]);
// Of a database, or of another node, that is away nobody knows for how long.
const AGAIN_S = 5;

/** In how many seconds to ask the same again; undefined if that changes nothing. */
export function againAfterS(code: string, retryAfterS: number | undefined): number | undefined {
  return PASSING.has(code) ? (retryAfterS ?? AGAIN_S) : undefined;
}
