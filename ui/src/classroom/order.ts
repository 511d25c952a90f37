/** Who comes first on the board. */
import { errorOf } from "../board/reports";
import { isWatched, percentOf, type Student } from "./student";

/**
 * Whoever works on a task and has changed nothing for so long may be stuck. Five minutes: reading a
 * task and thinking about it takes some, and in a lesson of forty-five there is time left to help.
 */
export const STUCK_AFTER_MS = 5 * 60_000;

export function isStuck(student: Student, now: number): boolean {
  return (
    // Of whoever is not watched nobody knows whether they change anything.
    isWatched(student) &&
    student.call === undefined &&
    student.activeAt !== undefined &&
    now - student.activeAt >= STUCK_AFTER_MS &&
    Object.values(student.steps).includes("IN_PROGRESS")
  );
}

export const SORTS = ["help", "name", "progress", "activity"] as const;
/** What the board is sorted by; help is the one that a lesson needs. */
export type Sort = (typeof SORTS)[number];

type Compare = (one: Student, other: Student) => number;

/** The ids of students as the board shows them; equal ones in the order of joining. */
export function boardOrder(
  students: Iterable<Student>,
  now: number,
  sort: Sort = "help",
  columns: readonly { id: string }[] = [],
): readonly number[] {
  const compare = comparing(sort, now, columns);
  return [...students]
    .sort((one, other) => compare(one, other) || one.place - other.place)
    .map((student) => student.id);
}

function comparing(sort: Sort, now: number, columns: readonly { id: string }[]): Compare {
  switch (sort) {
    case "help":
      return byHelp(now);
    case "name":
      return (one, other) => byName.compare(one.name, other.name);
    case "progress":
      return (one, other) => percentOf(columns, [one]) - percentOf(columns, [other]);
    case "activity":
      return (one, other) => (one.activeAt ?? 0) - (other.activeAt ?? 0);
  }
}

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/**
 * Who calls for help, as the server says that it is their turn; who is stuck, the longest first; then the
 * others in the order of joining.
 */
function byHelp(now: number): Compare {
  const rank = (student: Student): readonly [number, number] => {
    if (student.call !== undefined) {
      return [0, student.call.place];
    }
    return isStuck(student, now) ? [1, student.activeAt ?? 0] : [2, 0];
  };
  return (one, other) => {
    const [first, second] = [rank(one), rank(other)];
    return first[0] - second[0] || first[1] - second[1];
  };
}

/** Whom the board shows: everybody, whose messages are unread, or whose program failed by one kind of error. */
export type Filter = "all" | "unread" | { readonly error: string };

export function isSameFilter(one: Filter, other: Filter): boolean {
  return typeof one === "string" || typeof other === "string"
    ? one === other
    : one.error === other.error;
}

function passes(student: Student, filter: Filter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "unread":
      return student.unread > 0;
    default:
      return errorOf(student)?.kind === filter.error;
  }
}

/** Which of them the teacher wants to see. */
export function isFound(student: Student, sought: string, filter: Filter): boolean {
  if (!passes(student, filter)) {
    return false;
  }
  const words = sought.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const name = student.name.toLocaleLowerCase();
  return words.every((word) => name.includes(word));
}
