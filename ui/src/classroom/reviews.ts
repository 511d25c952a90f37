/**
 * The teacher's word on finished tasks, and how it is taken back. A student may have gone on meanwhile:
 * what they did last is never overwritten by something that was meant for an earlier state.
 */
import type { Status } from "../class/status";
import type { Statuses } from "./student";

/** What a declined task is: the student's again, from the beginning. */
export const DECLINED: Status = "NONE";

/**
 * What takes a word back: the statuses of before, of the tasks that still are what they were said to be.
 * A task that had none before is not begun.
 */
export function takenBack(now: Statuses, said: Statuses, before: Statuses): Statuses {
  return picked(
    said,
    (task, status) => now[task] === status,
    (task) => before[task] ?? "NONE",
  );
}

/** An acceptance that is taken back long after: what it was of is done again, and waits for a word. */
export function unaccepted(now: Statuses, task: string): Statuses {
  return takenBack(now, { [task]: "ACCEPTED" }, { [task]: "DONE" });
}

/**
 * What of a decline that had to wait is still to be said: the tasks that are done. Of others it was
 * said already, or the student has taken them up again.
 */
export function stillDue(now: Statuses, said: Statuses): Statuses {
  return picked(
    said,
    (task) => now[task] === "DONE",
    (_, status) => status,
  );
}

function picked(
  said: Statuses,
  isMeant: (task: string, status: Status) => boolean,
  value: (task: string, status: Status) => Status,
): Statuses {
  return Object.fromEntries(
    Object.entries(said)
      .filter(([task, status]) => isMeant(task, status))
      .map(([task, status]) => [task, value(task, status)]),
  );
}
