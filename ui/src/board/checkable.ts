/** The checks that the tasks of a class have. */
import type { Check, Task } from "../wire/generated";

/** By the ids of the tasks that have any. */
export type ChecksOfColumns = ReadonlyMap<string, readonly Check[]>;

export function checksOfColumns(tasks: readonly Task[]): ChecksOfColumns {
  return new Map(
    tasks.filter(({ checks }) => checks.length > 0).map((task) => [task.id, task.checks]),
  );
}
