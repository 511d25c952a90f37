/** Whose statuses would be of another task than the one they were earned with. */
import type { Status } from "../class/status";
import type { Student } from "./student";

export interface Loss {
  /** The name of the task. */
  task: string;
  students: { name: string; status: Status }[];
}

/** Of these tasks, those that somebody has a status of. */
export function lossesOf(tasks: readonly string[], students: readonly Student[]): Loss[] {
  return tasks.flatMap((task) => {
    const concerned = students.flatMap(({ name, steps }) => {
      const status = steps[task] ?? "NONE";
      return status === "NONE" ? [] : [{ name, status }];
    });
    return concerned.length === 0 ? [] : [{ task, students: concerned }];
  });
}
