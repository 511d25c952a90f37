/** The tasks as columns: of the results, of a tile, of a student's panel. */
import { exercisesOf, labelsOf, type Label } from "../class/tasks";
import { t } from "../i18n";
import type { Task } from "../wire/generated";
import type { Classroom } from "./classroom";

/** A task that there is something to do in. */
export type Column = Label & { readonly id: string };

type Shown = Pick<Classroom, "handout" | "students">;

/** The exercises of the class. */
export function columnsOf({ handout, students }: Shown): readonly Column[] {
  return handout.tasks.length > 0
    ? ofTasks(handout.tasks)
    : namesIn(students.values()).map((name) => ofName(name));
}

/** The same list as the last time where nothing in it is another, so that nothing is drawn for it. */
export function steadyColumns(): (state: Shown) => readonly Column[] {
  let before: readonly Column[] = [];
  return (state) => {
    const now = columnsOf(state);
    const isSame =
      now.length === before.length && now.every((column, at) => isEqual(column, before[at]));
    before = isSame ? before : now;
    return before;
  };
}

function isEqual(one: Column, other: Column | undefined): boolean {
  return one.id === other?.id && one.title === other.title && one.sign === other.sign;
}

function ofTasks(tasks: readonly Task[]): Column[] {
  const labels = labelsOf(tasks);
  return exercisesOf(tasks).flatMap(({ id }) => {
    const label = labels.get(id);
    return label === undefined ? [] : [{ id, ...label }];
  });
}

/** Programs of students may know of tasks that this class was not given: by names, which are numbers. */
function namesIn(students: Iterable<{ steps: object }>): string[] {
  const names = new Set([...students].flatMap(({ steps }) => Object.keys(steps)));
  names.delete("theory");
  return [...names].sort((one, other) => Number(one) - Number(other));
}

function ofName(name: string): Column {
  return { id: name, sign: name, title: t("class.step.task", { number: name }) };
}
