/**
 * The histories of the page's tests: `scenes.json` is recorded from the server, and a test of the server's
 * holds that it is what the server says today. For tests only.
 */
import { EMPTY, extended, type History } from "./history";
import { Lines, type Line } from "./lines";
import recorded from "./scenes.json";

type Name = "written" | "written, later" | "happened" | "thinned";
export type Project = Record<string, string>;

/** What was sent: each tenth version, or the last one. */
export const SENT: readonly Project[] = recorded["sent"] as unknown as Project[];
export const THINNED_SENT: readonly Project[] = recorded["thinned, sent"];

export function bodyOf(name: Name): string {
  return (recorded[name] as readonly unknown[]).map((line) => `${JSON.stringify(line)}\n`).join("");
}

export function linesOf(name: Name): Line[] {
  return [...new Lines().push(bodyOf(name))];
}

export function historyOf(name: Name): History {
  return extended(EMPTY, linesOf(name));
}
