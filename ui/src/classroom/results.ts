/** The class's results as a file for a spreadsheet. */
import { percentOf, type Student } from "./student";

/** What the file says beside names: in the visitor's language. */
export interface Words {
  student: string;
  percent: string;
  task: (name: string) => string;
  status: (status: string) => string;
}

// Excel takes a file for UTF-8 only if it begins so.
const BYTE_ORDER_MARK = "\uFEFF";
// A cell that begins so would be calculated by a spreadsheet: a name may hold a formula.
const FORMULA = /^[=+\-@\t\r]/;

/** Comma-separated values (RFC 4180): a row for each student, a column for each task. */
export function asCsv(
  columns: readonly string[],
  students: Iterable<Student>,
  words: Words,
): string {
  const head = [words.student, ...columns.map(words.task), words.percent];
  const rows = [...students].map((student) => [
    student.name,
    ...columns.map((name) => words.status(student.steps[name] ?? "NONE")),
    `${percentOf(columns, [student])}%`,
  ]);
  return BYTE_ORDER_MARK + [head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
