/**
 * Tasks that outlive their class, in this browser: those of a class that was closed, for the next one.
 * A class's own drafts (`drafting.svelte.ts`) are there as long as the class.
 */
import { forget, keep, kept, keptKeys } from "../wire/kept";
import { exercisesOf } from "../class/tasks";
import type { Task } from "../wire/generated";
import {
  asDrafts,
  asTasks,
  draftsPlace,
  filled,
  newDrafts,
  withImported,
  withLoaded,
  type Given,
} from "./drafts";
import { tasksOfSteps } from "./oldsteps";

/** The tasks of one class. */
export interface KeptTasks {
  readonly room: number;
  /** When they were kept, in milliseconds since 1970. */
  readonly at: number;
  readonly tasks: readonly Task[];
}

const PLACE = "classroom/tasks/";
// Each may have nearly a megabyte, and a browser gives all pages of a server about five.
const MOST_KEPT = 3;

/**
 * The tasks of a class as the teacher has them: what was written here and not sent counts, too. `given` is
 * what the class has.
 */
export function tasksOf(room: number, given: Given): readonly Task[] {
  const drafts = kept(draftsPlace(room), asDrafts) ?? newDrafts();
  // Of a class that is gone nothing was told: what is here is all there is.
  return filled(given.tasks.length === 0 ? drafts : withLoaded(drafts, given));
}

/** Keeps the tasks of a class for later ones; returns whether they will be there. */
export function keepTasks(kept: KeptTasks): boolean {
  for (const old of keptTasks()
    .filter(({ room }) => room !== kept.room)
    .slice(MOST_KEPT - 1)) {
    forget(PLACE + old.room);
  }
  return keep(PLACE + kept.room, kept);
}

/** The class has ended behind the teacher's back: its tasks are kept without a question. */
export function keepEnded(room: number, given: Given, at: number): void {
  const tasks = tasksOf(room, given);
  if (tasks.length === 0 || keepTasks({ room, at, tasks })) {
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
export function beginWith(room: number, tasks: readonly Task[]): boolean {
  return keep(draftsPlace(room), withImported(newDrafts(), tasks));
}

/** How many tasks there are, theory aside. */
export function countOf(tasks: readonly Task[]): number {
  return exercisesOf(tasks).length;
}

function asKeptTasks(value: unknown): KeptTasks | undefined {
  const kept = value as (Partial<KeptTasks> & { steps?: unknown }) | null;
  const tasks = asTasks(kept?.tasks) ?? tasksOfSteps(kept?.steps);
  const { room, at } = kept ?? {};
  return typeof room !== "number" || typeof at !== "number" || !tasks?.length
    ? undefined
    : { room, at, tasks };
}
