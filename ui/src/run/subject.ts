/** What the checks of a task run: which file of a project, and which checks. */
import type { ProjectFile } from "../student/project";
import type { Task } from "../wire/generated";
import type { Check } from "./checks";
import { languageOf } from "./language";

/**
 * The first of the task's own files that can be run; else the one that is open, `main`, or any other in
 * its folder. Undefined if there is none.
 */
export function subjectOf(
  task: Pick<Task, "folder" | "files">,
  files: readonly ProjectFile[],
  open?: string,
): string | undefined {
  const runnable = files
    .map(({ filename }) => filename)
    .filter((filename) => isIn(filename, task.folder) && languageOf(filename) !== undefined);
  const wanted = [
    ...task.files.map(({ filename }) => pathOf(task, filename)),
    open,
    ...["main.py", "main.js"].map((filename) => pathOf(task, filename)),
  ];
  return wanted.find((filename) => runnable.includes(filename ?? "")) ?? runnable[0];
}

/** Where a file of a task lies in a student's project. */
export function pathOf({ folder }: Pick<Task, "folder">, filename: string): string {
  return folder === "" ? filename : `${folder.replace(/\/+$/, "")}/${filename}`;
}

/** The checks of a task, as they are run. */
export function checksOf({ checks }: Pick<Task, "checks">): Check[] {
  return checks.map(({ name, code, stdin = "", stdout = "" }) =>
    code === undefined ? { name, stdin, stdout } : { name, code },
  );
}

function isIn(filename: string, folder: string): boolean {
  return folder === "" || filename.startsWith(pathOf({ folder }, ""));
}
