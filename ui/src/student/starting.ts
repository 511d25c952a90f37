/** What a task gives to begin with, in a student's project. Nothing of the student's is lost. Pure. */
import { languageOf } from "../run/language";
import { pathOf } from "../run/subject";
import { normalised } from "../code/changes";
import type { Task } from "../wire/generated";
import {
  contentOf,
  problemOf,
  withFiles,
  withOpen,
  type Project,
  type ProjectFile,
} from "./project";

type Given = Pick<Task, "folder" | "files">;

/** The task's files where they lie in the project. */
export function startersOf(task: Given): ProjectFile[] {
  return task.files.map(({ filename, content }) => ({ filename: pathOf(task, filename), content }));
}

/** The project when the task is begun: what is there already stays. */
export function begun(project: Project, task: Given): Project {
  const free = startersOf(task).filter(({ filename }) => isFree(project, filename));
  return { ...withFiles(project, free), open: project.open };
}

/** The project when the task is begun once more; what was changed lies beside. */
export function begunAgain(project: Project, task: Given): Project {
  const put = [...kept(project, task), ...changedIn(project, task)];
  return { ...withFiles(project, put), open: project.open };
}

/** The task's files that are not as they were at the beginning. */
export function changedIn(project: Project, task: Given): ProjectFile[] {
  return startersOf(task).filter(
    ({ filename, content }) =>
      contentOf(project, filename) !== normalised(content) &&
      (isFree(project, filename) || contentOf(project, filename) !== undefined),
  );
}

/** The project with the task's file open that is to be worked on, if it is there. */
export function turnedTo(project: Project, task: Given): Project {
  const names = startersOf(task).map(({ filename }) => filename);
  const first = names.find((name) => languageOf(name) !== undefined) ?? names[0];
  const isThere = project.open !== undefined && names.includes(project.open);
  return first === undefined || isThere ? project : withOpen(project, first);
}

function kept(project: Project, task: Given): ProjectFile[] {
  return changedIn(project, task).flatMap(({ filename }) => {
    const content = contentOf(project, filename) ?? "";
    return content.trim() === "" ? [] : [{ filename: beside(project, filename), content }];
  });
}

/** "main-old.py", "main-old-2.py": a name that is free. */
function beside(project: Project, filename: string): string {
  const dot = filename.lastIndexOf(".");
  const end = dot > filename.lastIndexOf("/") ? dot : filename.length;
  for (let number = 1; ; number += 1) {
    const mark = number === 1 ? "-old" : `-old-${number}`;
    const name = filename.slice(0, end) + mark + filename.slice(end);
    if (contentOf(project, name) === undefined) {
      return name;
    }
  }
}

/** Nothing lies there, or something that nobody has written in. */
function isFree(project: Project, filename: string): boolean {
  return contentOf(project, filename)?.trim() === "" || problemOf(project, filename) === undefined;
}
