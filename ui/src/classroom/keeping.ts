/**
 * Tasks that outlive their class, in this browser: those of a class that was closed, for the next one.
 * A class's own drafts (`drafting.svelte.ts`) are there as long as the class.
 */
import { forget, keep, kept, keptKeys } from "../wire/kept";
import type { Step } from "../wire/generated";
import { asDrafts, BLANK, draftsPlace, stepsOf, withImported, withLoaded } from "./drafts";

/** The tasks of one class. */
export interface KeptTasks {
  readonly room: number;
  /** When they were kept, in milliseconds since 1970. */
  readonly at: number;
  readonly steps: readonly Step[];
}

const PLACE = "classroom/tasks/";
// Each may have nearly a megabyte, and a browser gives all pages of a server about five.
const MOST_KEPT = 3;

/**
 * The tasks of a class as the teacher has them: what was written here and not sent counts, too. `loaded` is
 * what the class has.
 */
export function tasksOf(room: number, loaded: readonly Step[]): Step[] {
  const drafts = kept(draftsPlace(room), asDrafts) ?? BLANK;
  // Of a class that is gone nothing was told: what is here is all there is.
  return stepsOf(loaded.length === 0 ? drafts : withLoaded(drafts, loaded));
}

/** Keeps the tasks of a class for later ones; returns whether they will be there. */
export function keepTasks(tasks: KeptTasks): boolean {
  for (const old of keptTasks()
    .filter(({ room }) => room !== tasks.room)
    .slice(MOST_KEPT - 1)) {
    forget(PLACE + old.room);
  }
  return keep(PLACE + tasks.room, tasks);
}

/** The class has ended behind the teacher's back: its tasks are kept without a question. */
export function keepEnded(room: number, loaded: readonly Step[], at: number): void {
  const steps = tasksOf(room, loaded);
  if (steps.length === 0 || keepTasks({ room, at, steps })) {
    forgetDrafts(room);
  }
}

/** What was kept, the last class first. */
export function keptTasks(): KeptTasks[] {
  return keptKeys(PLACE)
    .flatMap((key) => kept(key, asKeptTasks) ?? [])
    .sort((one, other) => other.at - one.at);
}

/** The class has ended: what its editor held is needed no more. */
export function forgetDrafts(room: number): void {
  forget(draftsPlace(room));
}

/** A class begins with these, as drafts that are not sent. */
export function beginWith(room: number, steps: readonly Step[]): boolean {
  return keep(draftsPlace(room), withImported(BLANK, steps));
}

/** How many tasks there are, the theory page aside. */
export function countOf(steps: readonly Step[]): number {
  return steps.filter(({ name }) => name !== "theory").length;
}

function asKeptTasks(value: unknown): KeptTasks | undefined {
  const tasks = value as Partial<KeptTasks> | null;
  const isWhole =
    Number.isInteger(tasks?.room) &&
    typeof tasks?.at === "number" &&
    Array.isArray(tasks.steps) &&
    tasks.steps.length > 0 &&
    tasks.steps.every(isStep);
  return isWhole ? (tasks as KeptTasks) : undefined;
}

function isStep(value: unknown): value is Step {
  const step = value as Partial<Step> | null;
  return typeof step?.name === "string" && typeof step.content === "string";
}
