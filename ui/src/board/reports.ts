/** What students' own pages say of their programs and checks: claims, shown as such. Pure. */
import type { Check, ChecksOfStudent, RunError } from "../wire/generated";
import type { Student } from "../classroom/student";

type Ran = Pick<Student, "run">;

/** By what the last program failed; undefined if it did not, or runs again. */
export function errorOf({ run }: Ran): RunError | undefined {
  return run?.state === "failed" ? run.error : undefined;
}

/** A file and a line of it, counted from 1. */
export interface Place {
  readonly filename: string;
  readonly line: number;
}

/** Where the last program failed, as far as it is known. */
export function placeOf({ run }: Ran): Place | undefined {
  const line = errorOf({ run })?.line ?? undefined;
  return run === undefined || line === undefined ? undefined : { filename: run.filename, line };
}

/** How many failed by the same kind of error. */
export interface ErrorGroup {
  readonly kind: string;
  readonly count: number;
}

/** One alone is no group: the tile says it. */
const FEWEST = 2;
/** Of as many the line over the board has room. */
const MOST = 3;

/** The most frequent errors, the most frequent first; `kept` is among them while anybody has it. */
export function errorGroups(students: Iterable<Ran>, kept?: string): readonly ErrorGroup[] {
  const counts = new Map<string, number>();
  for (const student of students) {
    const kind = errorOf(student)?.kind;
    if (kind !== undefined) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  }
  const groups = [...counts].map(([kind, count]) => ({ kind, count }));
  const sorted = groups.sort(
    (one, other) => other.count - one.count || (one.kind < other.kind ? -1 : 1),
  );
  const shown = sorted.filter(({ count }) => count >= FEWEST).slice(0, MOST);
  const wanted = kept === undefined ? undefined : { kind: kept, count: counts.get(kept) ?? 0 };
  const isMissing = wanted !== undefined && shown.every(({ kind }) => kind !== kept);
  return isMissing ? [...shown, wanted] : shown;
}

/** The task whose checks were run last. */
export function lastChecked({ checks }: Pick<Student, "checks">): string | undefined {
  return [...checks.keys()].at(-1);
}

/** How checks are said to have gone. */
export interface Claim {
  readonly passed: number;
  readonly count: number;
}

/** How many of the task's checks of today a student says to have passed; undefined if of none is said. */
export function claimOf(
  { checks: reports }: Pick<Student, "checks">,
  task: string,
  checks: readonly Pick<Check, "name">[],
): Claim | undefined {
  const report = reports.get(task);
  if (report === undefined || !checks.some(({ name }) => isSaid(report, name))) {
    return undefined;
  }
  const passed = checks.filter(({ name }) => report.passed.includes(name)).length;
  return { passed, count: checks.length };
}

function isSaid({ passed, failed }: ChecksOfStudent, name: string): boolean {
  return passed.includes(name) || failed.some((check) => check.name === name);
}
