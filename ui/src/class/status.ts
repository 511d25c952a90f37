/** How far somebody is with a task: what the wire calls it, and how it is shown. */
export const STATUSES = ["NONE", "IN_PROGRESS", "HELP", "DONE", "ACCEPTED"] as const;
export type Status = (typeof STATUSES)[number];

/** The shape of each sign in a box of 16 by 16: nobody has to tell colours apart. */
export const SIGNS: Record<Status, string> = {
  NONE: "M8 3.2a4.8 4.8 0 1 0 0 9.6a4.8 4.8 0 1 0 0-9.6",
  IN_PROGRESS: "M4.5 8h.01M8 8h.01M11.5 8h.01",
  HELP: "M5.6 6a2.4 2.4 0 1 1 3.6 2.1c-.8.5-1.2.9-1.2 1.8M8 12.6h.01",
  DONE: "M3.5 8.5l3 3l6-7",
  ACCEPTED: "M1.8 8.7l2.7 2.8l5-6.2M7.4 11.2l.4.3l6-7",
};

/** What a value of the wire means; anything unknown is a task not begun. */
export function asStatus(value: unknown): Status {
  return STATUSES.find((status) => status === value) ?? "NONE";
}

/** Whether nothing is left to do for the student. */
export function isFinished(status: Status): boolean {
  return status === "DONE" || status === "ACCEPTED";
}

/** Names of steps in the order they are shown in: the theory page first. */
export function compareSteps(one: string, other: string): number {
  return placeOf(one) - placeOf(other);
}

function placeOf(step: string): number {
  return step === "theory" ? 0 : Number(step) || Number.MAX_SAFE_INTEGER;
}
