/** A task in its teacher's hands: what a new one is, and what of it counts. */
import { newKey } from "../class/keys";
import type { Check, Task, TaskFile, TaskType } from "../wire/generated";

export const MOST_TASKS = 100;

/** A task with nothing in it, whose id nobody else uses. */
export function newTask(type: TaskType = "exercise"): Task {
  return withDefaults({ id: newKey(), type });
}

/** Whether nobody would see anything of it. */
export function isBlank(html: string): boolean {
  return !/<(img|hr)\b/i.test(html) && html.replace(/<[^>]*>|&nbsp;|\s/g, "") === "";
}

/** Whether there is nothing in it to be handed out. */
export function isBlankTask({ title, content, files, checks, solution = [] }: Task): boolean {
  const parts = [...files, ...checks, ...solution];
  return title.trim() === "" && isBlank(content) && parts.length === 0;
}

/** Whether both are the same to whoever gets them. */
export function isSameTask(one: Task | undefined, other: Task | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && said(one) === said(other));
}

function said(task: Task): string {
  const { id, title, folder, type, content, files, checks, solution = [], points } = task;
  const texts = (list: readonly TaskFile[]) => list.map((file) => [file.filename, file.content]);
  const asked = checks.map(({ name, stdin, stdout, code, is_hidden: isHidden }) => [
    name,
    stdin,
    stdout,
    code,
    isHidden,
  ]);
  const parts = [texts(files), asked, texts(solution)];
  return JSON.stringify([id, title.trim(), folder, type, content, points, ...parts]);
}

/** A task that was kept in a browser or a file; undefined if it is none. */
export function asTask(value: unknown): Task | undefined {
  const task = value as Partial<Task> | null | undefined;
  if (typeof task?.id !== "string" || !/^[\w-]{1,36}$/.test(task.id)) {
    return undefined;
  }
  const whole = withDefaults(task as Partial<Task> & { id: string });
  const texts = [whole.title, whole.folder, whole.content];
  const files = [whole.files, whole.solution].every((list) => listed(list, isFile));
  const isWhole = texts.every(isText) && files && listed(whole.checks, isCheck);
  return isWhole ? whole : undefined;
}

function withDefaults(task: Partial<Task> & { id: string }): Task {
  const { type, points = 0 } = task;
  const parts = { files: [], checks: [], solution: [] };
  const kind: TaskType = type === "theory" ? "theory" : "exercise";
  return { title: "", folder: "", content: "", ...parts, ...task, type: kind, points };
}

function listed(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function isFile(value: unknown): boolean {
  const file = value as Partial<TaskFile> | null;
  return isText(file?.filename) && isText(file?.content);
}

function isCheck(value: unknown): boolean {
  const check = value as Partial<Check> | null;
  const isOutput = isText(check?.stdin) && isText(check?.stdout);
  return isText(check?.name) && (isText(check?.code) || isOutput);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
