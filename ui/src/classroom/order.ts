/** Who comes first on the board. */
import { isOnline, type Student } from "./student";

/**
 * Whoever works on a task and has changed nothing for so long may be stuck. Five minutes: reading a
 * task and thinking about it takes some, and in a lesson of forty-five there is time left to help.
 */
export const STUCK_AFTER_MS = 5 * 60_000;

export function isStuck(student: Student, now: number): boolean {
  return (
    isOnline(student) &&
    student.helpSince === undefined &&
    student.activeAt !== undefined &&
    now - student.activeAt >= STUCK_AFTER_MS &&
    Object.values(student.steps).includes("IN_PROGRESS")
  );
}

/**
 * The ids of students as the board shows them: who needs help, the longest waiting first; who is
 * stuck, the longest first; then the others in the order of joining.
 */
export function boardOrder(students: Iterable<Student>, now: number): readonly number[] {
  const helpless: Student[] = [];
  const stuck: Student[] = [];
  const others: Student[] = [];
  for (const student of students) {
    if (student.helpSince !== undefined) {
      helpless.push(student);
    } else {
      (isStuck(student, now) ? stuck : others).push(student);
    }
  }
  helpless.sort((a, b) => (a.helpSince ?? 0) - (b.helpSince ?? 0) || a.place - b.place);
  stuck.sort((a, b) => (a.activeAt ?? 0) - (b.activeAt ?? 0) || a.place - b.place);
  others.sort((a, b) => a.place - b.place);
  return [...helpless, ...stuck, ...others].map((student) => student.id);
}

/** Which of them the teacher wants to see. */
export function isFound(student: Student, sought: string, isHelpOnly: boolean): boolean {
  if (isHelpOnly && student.helpSince === undefined) {
    return false;
  }
  const words = sought.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const name = student.name.toLocaleLowerCase();
  return words.every((word) => name.includes(word));
}
