/** The files of a task, as the teacher changes them: those to begin with, and those of the solution. Pure. */
import { problemOf, tidy, type BadName } from "../student/project";
import type { Task, TaskFile } from "../wire/generated";

export type Files = readonly TaskFile[];

const FIRST = "main.py";

/** With one more, under a name that is free. */
export function withNewFile(files: Files): TaskFile[] {
  return [...files, { filename: freeName(files), content: "" }];
}

export function withText(files: Files, filename: string, content: string): TaskFile[] {
  return files.map((file) => (file.filename === filename ? { ...file, content } : file));
}

export function withoutFile(files: Files, filename: string): TaskFile[] {
  return files.filter((file) => file.filename !== filename);
}

/** A file under another name, or why it may not be called that. */
export function renamed(files: Files, filename: string, typed: string): TaskFile[] | BadName {
  const name = tidy(typed);
  const problem = problemOf({ files, open: undefined }, name, filename);
  return (
    problem ??
    files.map((file) => (file.filename === filename ? { ...file, filename: name } : file))
  );
}

/** What somebody has who has solved the task: what was given, and over it the solution. */
export function solved({ files, solution = [] }: Task): TaskFile[] {
  const names = new Set(solution.map(({ filename }) => filename));
  return [...files.filter(({ filename }) => !names.has(filename)), ...solution];
}

/** A folder for the files of a task that has none: one that no other task has. */
export function folderFor(task: Task, sign: string, tasks: readonly Task[]): string {
  if (task.folder !== "") {
    return task.folder;
  }
  const taken = new Set(tasks.map(({ folder }) => folder));
  const numbers = [sign, ...tasks.map((_, at) => String(at + 1)), String(tasks.length + 1)];
  return numbers.map((number) => `task-${number}`).find((name) => !taken.has(name)) ?? "";
}

function freeName(files: Files): string {
  const names = new Set(files.map(({ filename }) => filename));
  const wanted = [FIRST, ...files.map((_, at) => `file${at + 2}.py`)];
  return wanted.find((name) => !names.has(name)) ?? `file${files.length + 2}.py`;
}
