/** The checks of a task, as the teacher changes them. Pure. */
import type { Check } from "../wire/generated";

export const MOST_CHECKS = 100;

export type Kind = "output" | "code";

export function kindOf({ code }: Check): Kind {
  return code === undefined ? "output" : "code";
}

/** With one more, under a name that is free. */
export function withNewCheck(checks: readonly Check[], kind: Kind, word: string): Check[] {
  const names = new Set(checks.map(({ name }) => name));
  const numbers = Array.from({ length: checks.length + 1 }, (_, at) => checks.length + 1 + at);
  const name = numbers.map((number) => `${word} ${number}`).find((each) => !names.has(each)) ?? "";
  const parts = kind === "code" ? { code: "" } : { stdin: "", stdout: "" };
  return [...checks, { name, ...parts, is_hidden: false }];
}

export function withCheck(checks: readonly Check[], at: number, change: Partial<Check>): Check[] {
  return checks.map((check, place) => (place === at ? { ...check, ...change } : check));
}

export function withoutCheck(checks: readonly Check[], at: number): Check[] {
  return checks.filter((_, place) => place !== at);
}

/** Whether the server would not take them: a name is missing, or there twice. */
export function hasBadName(checks: readonly Check[]): boolean {
  const names = checks.map(({ name }) => name);
  return names.some((name) => name.trim() === "") || new Set(names).size < names.length;
}
