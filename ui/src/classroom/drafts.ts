/**
 * The tasks as the teacher writes them, beside what the class has of them. Pure: each change is a new
 * value. A task keeps its id wherever it is moved to, and its statuses are of that.
 */
import { newKey } from "../class/keys";
import { isExercise, labelsOf } from "../class/tasks";
import type { Task, TaskType } from "../wire/generated";
import { draftsOfSteps, isOfStep } from "./oldsteps";
import { asTask, isBlankTask, isSameTask, MOST_TASKS, newTask } from "./task";

/** Tasks as the class has got them; `rev` says how often it had got some then. */
export interface Given {
  readonly rev: number;
  readonly tasks: readonly Task[];
}

export interface Drafts {
  readonly tasks: readonly Task[];
  /** What the class has, as it was written here. */
  readonly sent: Given;
  /** What another window has given the class while something here was not sent. */
  readonly theirs?: Given | undefined;
  /** What an import, or what another window gave, has replaced. */
  readonly before?: readonly Task[] | undefined;
}

/** What is not with the class as it is here. */
export interface Unsent {
  /** The tasks that it has otherwise, or not at all. */
  readonly ids: ReadonlySet<string>;
  /** What these are called, and those that it still has. */
  readonly titles: readonly string[];
  readonly isReordered: boolean;
}

/** A page for theory, and a task. */
export function newDrafts(): Drafts {
  return { tasks: [newTask("theory"), newTask()], sent: { rev: 0, tasks: [] } };
}

/** Where a browser keeps the drafts of a class. */
export function draftsPlace(room: number): string {
  return `tasks/${room}`;
}

/** What is to be sent: the tasks that hold something. */
export function filled(drafts: Pick<Drafts, "tasks">): readonly Task[] {
  return drafts.tasks.filter((task) => !isBlankTask(task));
}

export function unsent(drafts: Drafts): Unsent {
  const [now, sent] = [filled(drafts), drafts.sent.tasks];
  const had = new Map(sent.map((task) => [task.id, task]));
  const has = new Set(now.map(({ id }) => id));
  const ids = new Set(
    now.filter((task) => !isSameTask(task, had.get(task.id))).map(({ id }) => id),
  );
  const here = labelsOf(drafts.tasks);
  const gone = [...labelsOf(sent)].filter(([id]) => !has.has(id));
  return {
    ids,
    titles: [...[...ids].map((id) => here.get(id)), ...gone.map(([, label]) => label)].map(
      (label) => label?.title ?? "",
    ),
    isReordered: orderOf(now, had) !== orderOf(sent, has),
  };
}

/** The order of those that are in both. */
function orderOf(tasks: readonly Task[], others: { has: (id: string) => boolean }): string {
  const ids = tasks.map(({ id }) => id);
  return ids.filter((id) => others.has(id)).join();
}

export function isUnsent({ titles, isReordered }: Unsent): boolean {
  return titles.length > 0 || isReordered;
}

// Writing

/** One task with other values. */
export function withChange(drafts: Drafts, id: string, change: Partial<Task>): Drafts {
  const tasks = drafts.tasks.map((task) => (task.id === id ? { ...task, ...change } : task));
  return { ...drafts, tasks };
}

/** With one more at the end, which is the last one then. */
export function withTask(drafts: Drafts, type: TaskType): Drafts {
  return withTaskAt(drafts, newTask(type), drafts.tasks.length);
}

/** With a copy behind the task; it is another one, with statuses of its own. */
export function withCopy(drafts: Drafts, id: string): Drafts {
  const at = drafts.tasks.findIndex((task) => task.id === id);
  const task = drafts.tasks[at];
  return task === undefined ? drafts : withTaskAt(drafts, { ...task, id: newKey() }, at + 1);
}

export function withTaskAt(drafts: Drafts, task: Task, at: number): Drafts {
  return drafts.tasks.length >= MOST_TASKS
    ? drafts
    : { ...drafts, tasks: drafts.tasks.toSpliced(at, 0, task) };
}

export function withoutTask(drafts: Drafts, id: string): Drafts {
  return { ...drafts, tasks: drafts.tasks.filter((task) => task.id !== id) };
}

/** A task that many places further; at the ends it stays. */
export function withMoved(drafts: Drafts, id: string, by: number): Drafts {
  const from = drafts.tasks.findIndex((task) => task.id === id);
  const to = from + by;
  const task = drafts.tasks[from];
  if (task === undefined || to < 0 || to >= drafts.tasks.length) {
    return drafts;
  }
  return { ...drafts, tasks: drafts.tasks.toSpliced(from, 1).toSpliced(to, 0, task) };
}

// Between here and the class

/** The class has these now. What is blank and would make others miscount goes. */
export function afterSending(drafts: Drafts, sent: Given): Drafts {
  const last = drafts.tasks.findLastIndex((task) => isExercise(task) && !isBlankTask(task));
  const tasks = drafts.tasks.filter(
    (task, at) => at > last || !isExercise(task) || !isBlankTask(task),
  );
  return { tasks, sent };
}

/**
 * The server tells what the class has. What is written here and not sent stays; if the class has got
 * something else meanwhile, the teacher is to choose.
 */
export function withLoaded(drafts: Drafts, given: Given): Drafts {
  if (isOwn(given, drafts.sent)) {
    return drafts;
  }
  if (isSame(given.tasks, filled(drafts))) {
    return { ...drafts, sent: given, theirs: undefined };
  }
  if (filled(drafts).length === 0 || !isUnsent(unsent(drafts))) {
    return asGiven(drafts, given);
  }
  return isSame(given.tasks, drafts.sent.tasks)
    ? { ...drafts, sent: given }
    : { ...drafts, theirs: given };
}

/** What was sent from here; the server may have cleaned its HTML. */
function isOwn(given: Given, sent: Given): boolean {
  const ids = ({ tasks }: Given) => tasks.map(({ id }) => id).join();
  return given.rev === sent.rev && ids(given) === ids(sent);
}

/** What is here is to replace what the other window gave. */
export function withMine(drafts: Drafts): Drafts {
  const { theirs, ...own } = drafts;
  return theirs === undefined ? drafts : { ...own, sent: theirs };
}

/** What the other window gave replaces what is here, which can be brought back. */
export function withTheirs(drafts: Drafts): Drafts {
  const { theirs, tasks } = drafts;
  return theirs === undefined ? drafts : { ...asGiven(drafts, theirs), before: tasks };
}

/** As the class has it. */
export function reverted(drafts: Drafts): Drafts {
  return asGiven(drafts, drafts.sent);
}

function asGiven(drafts: Drafts, sent: Given): Drafts {
  const { before } = drafts;
  const tasks = sent.tasks.length === 0 ? newDrafts().tasks : sent.tasks;
  return before === undefined ? { tasks, sent } : { tasks, sent, before };
}

/** Tasks from elsewhere: they replace those here, which can be brought back. */
export function withImported(drafts: Drafts, tasks: readonly Task[]): Drafts {
  const before = filled(drafts).length === 0 ? undefined : drafts.tasks;
  return { ...drafts, tasks: recognised(tasks, drafts.sent.tasks), before };
}

/** As it was before the import. */
export function withoutImport(drafts: Drafts): Drafts {
  const { before, ...rest } = drafts;
  return before === undefined ? drafts : { ...rest, tasks: before };
}

/**
 * Under ids of their own: a number alone makes no task the same. One that begins as a task of the class
 * does, such as one that was imported before and written anew since, is that task.
 */
function recognised(tasks: readonly Task[], sent: readonly Task[]): Task[] {
  const known = new Map(sent.map((task) => [beginningOf(task), task.id]));
  const taken = new Set<string>();
  return tasks.map((task) => {
    const id = isOfStep(task) ? (known.get(beginningOf(task)) ?? newKey()) : task.id;
    const own = taken.has(id) ? newKey() : id;
    taken.add(own);
    return { ...task, id: own };
  });
}

/** Its kind and its title, or the first line of its text. */
function beginningOf({ type, title, content }: Task): string {
  const line = content.replace(/<\/(h\d|p|li|pre)>[\s\S]*/i, "").replace(/<[^>]*>/g, "");
  return `${type} ${title.trim() || line.trim()}`;
}

function isSame(one: readonly Task[], other: readonly Task[]): boolean {
  return one.length === other.length && one.every((task, at) => isSameTask(task, other[at]));
}

// Kept

/** Drafts as they were kept, also by an earlier page; undefined if those are none. */
export function asDrafts(value: unknown): Drafts | undefined {
  const old = draftsOfSteps(value);
  if (old !== undefined) {
    return { tasks: old.tasks, sent: { rev: 0, tasks: old.sent } };
  }
  const kept = value as Partial<Drafts> | null;
  const [tasks, before] = [asTasks(kept?.tasks), asTasks(kept?.before)];
  const [sent, theirs] = [asGivenTasks(kept?.sent), asGivenTasks(kept?.theirs)];
  return tasks === undefined || sent === undefined ? undefined : { tasks, sent, theirs, before };
}

export function asTasks(value: unknown): Task[] | undefined {
  const tasks = Array.isArray(value) ? value.map(asTask) : undefined;
  return tasks?.every((task) => task !== undefined) ? tasks : undefined;
}

function asGivenTasks(value: unknown): Given | undefined {
  const given = value as Partial<Given> | null | undefined;
  const tasks = asTasks(given?.tasks);
  return tasks === undefined || typeof given?.rev !== "number"
    ? undefined
    : { rev: given.rev, tasks };
}
