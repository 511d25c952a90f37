/** What both pages say of the tasks of a class, whose order is their teacher's. */
import { t } from "../i18n";
import type { Task } from "../wire/generated";

export type Called = Pick<Task, "id" | "title" | "type">;

/** What a task is called for people, and where there is room for a sign alone: its number. */
export interface Label {
  readonly title: string;
  readonly sign: string;
}

/** Whether there is something to do, and so a status. */
export function isExercise({ type }: Pick<Task, "type">): boolean {
  return type !== "theory";
}

/** The tasks that there is something to do in, in order. */
export function exercisesOf<T extends Pick<Task, "type">>(tasks: readonly T[]): readonly T[] {
  return tasks.filter(isExercise);
}

/** What each task is called, by id. Exercises count from 1, whatever is between them. */
export function labelsOf(tasks: readonly Called[]): ReadonlyMap<string, Label> {
  let number = 0;
  const label = (task: Called) => (isExercise(task) ? exercise(task, ++number) : theory(task));
  return new Map(tasks.map((task) => [task.id, label(task)]));
}

/** What a task is called; undefined if it is none of these. */
export function titleOf(tasks: readonly Called[], id: string): string | undefined {
  return labelsOf(tasks).get(id)?.title;
}

function exercise({ title }: Called, number: number): Label {
  const sign = String(number);
  return { title: title.trim() || t("class.step.task", { number: sign }), sign };
}

function theory({ title }: Called): Label {
  return { title: title.trim() || t("class.step.theory"), sign: t("class.step.theory_sign") };
}
