/** The class's results: in which order they are shown, and as a file for a spreadsheet. */
import { STATUSES } from "../class/status";
import type { Column } from "./columns";
import { percentOf, type Student } from "./student";

/** `by`: `name`, `percent`, or the id of a task after a `#`. */
export interface ResultsOrder {
  readonly by: string;
  readonly isDown: boolean;
}

/** What a press on a column's head makes of the order: up, down, and then that of the class again. */
export function nextOrder(order: ResultsOrder | undefined, by: string): ResultsOrder | undefined {
  if (order?.by !== by) {
    return { by, isDown: false };
  }
  return order.isDown ? undefined : { by, isDown: true };
}

/**
 * The students as they are to be shown; without an order as they are given, which is that of joining.
 * Equal ones stay so, whichever way the column goes.
 */
export function inResultsOrder(
  students: Iterable<Student>,
  columns: readonly Column[],
  order: ResultsOrder | undefined,
): Student[] {
  if (order === undefined) {
    return [...students];
  }
  const compare = comparing(order.by, columns);
  const direction = order.isDown ? -1 : 1;
  return [...students].sort((one, other) => direction * compare(one, other));
}

const NAMES = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function comparing(
  by: string,
  columns: readonly Column[],
): (one: Student, other: Student) => number {
  if (by === "name") {
    return (one, other) => NAMES.compare(one.name, other.name);
  }
  const amount =
    by === "percent"
      ? (student: Student) => percentOf(columns, [student])
      : ({ steps }: Student) => STATUSES.indexOf(steps[by.slice(1)] ?? "NONE");
  return (one, other) => amount(one) - amount(other);
}

/** What the file says beside names: in the visitor's language. */
export interface Words {
  student: string;
  percent: string;
  status: (status: string) => string;
}

// Excel takes a file for UTF-8 only if it begins so.
const BYTE_ORDER_MARK = "\uFEFF";
// A cell that begins so would be calculated by a spreadsheet: a name may hold a formula.
const FORMULA = /^[=+\-@\t\r]/;

/** Comma-separated values (RFC 4180): a row for each student, a column for each task. */
export function asCsv(
  columns: readonly Column[],
  students: Iterable<Student>,
  words: Words,
): string {
  const head = [words.student, ...columns.map(({ title }) => title), words.percent];
  const rows = [...students].map((student) => [
    student.name,
    ...columns.map(({ id }) => words.status(student.steps[id] ?? "NONE")),
    `${percentOf(columns, [student])}%`,
  ]);
  return BYTE_ORDER_MARK + [head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
