/** Everybody's checks, in the teacher's browser: what there is to be run, and how it went. Pure. */
import type { Student } from "../classroom/student";
import type { Verdict, Work } from "../run/checks";
import { subjectOf } from "../run/subject";
import type { Task } from "../wire/generated";

/** A student's work on one task; none if there is no file that could be run. */
export interface Attempt {
  readonly task: Task;
  readonly work: Work | undefined;
}

export interface Assignment {
  readonly user: number;
  readonly attempts: readonly Attempt[];
}

export interface Plan {
  readonly assignments: readonly Assignment[];
  /** Whose files are not known: they are not checked. */
  readonly unknown: readonly number[];
}

/** What became of an attempt: without a verdict there was nothing to run. */
export interface Outcome extends Attempt {
  readonly verdict: Verdict | undefined;
}

/** By student and task. */
export type Outcomes = ReadonlyMap<number, readonly Outcome[]>;

export const NO_OUTCOMES: Outcomes = new Map();

export function withOutcomes(all: Outcomes, user: number, own: readonly Outcome[]): Outcomes {
  return new Map([...all, [user, own]]);
}

/** The tasks that can be checked. */
export function checkable(tasks: readonly Task[]): readonly Task[] {
  return tasks.filter(({ checks }) => checks.length > 0);
}

/** All checks of the tasks on the files of everybody as they are now. */
export function planned(students: Iterable<Student>, tasks: readonly Task[]): Plan {
  const assignments: Assignment[] = [];
  const unknown: number[] = [];
  for (const student of students) {
    if (student.project.isWhole) {
      assignments.push({ user: student.id, attempts: attemptsOf(student, tasks) });
    } else {
      unknown.push(student.id);
    }
  }
  return { assignments, unknown };
}

function attemptsOf({ project }: Student, tasks: readonly Task[]): Attempt[] {
  const files = [...project.files].map(([filename, { content }]) => ({ filename, content }));
  return tasks.map((task) => {
    const filename = subjectOf(task, files, project.latest);
    return { task, work: filename === undefined ? undefined : { files, filename } };
  });
}

/** Whether all checks of today passed; of one that was not run nobody knows. */
export function hasPassed({ task, verdict }: Outcome): boolean {
  return (
    verdict !== undefined &&
    verdict.failed.length === 0 &&
    task.checks.every(({ name }) => verdict.passed.includes(name))
  );
}

/** Something that can be accepted, and the code that it is of. */
export interface Passed {
  readonly user: number;
  readonly task: Task;
  readonly work: Work;
}

/** What passed and is not accepted yet. */
export function acceptable(
  outcomes: Outcomes,
  students: { get(user: number): Pick<Student, "steps"> | undefined },
): readonly Passed[] {
  return [...outcomes].flatMap(([user, all]) =>
    all.flatMap((outcome) => {
      const { task, work } = outcome;
      const status = students.get(user)?.steps[task.id];
      const isMeant = students.get(user) !== undefined && status !== "ACCEPTED";
      return isMeant && work !== undefined && hasPassed(outcome) ? [{ user, task, work }] : [];
    }),
  );
}
