/** Tasks that an earlier page has kept: they were known by their numbers, and are taken over with ids. */
import type { Task } from "../wire/generated";
import { newTask } from "./task";

/** A step's name as the id of its task: the server calls it so, too. */
const NAME = /^(theory|1[0-6]|[1-9])$/;

/** Whether a task was a step, so that the same id elsewhere may well be another task. */
export function isOfStep({ id }: Task): boolean {
  return NAME.test(id);
}

export function taskOfStep(name: string, content: string): Task {
  const type = name === "theory" ? "theory" : "exercise";
  const task = { ...newTask(type), content };
  return NAME.test(name) ? { ...task, id: name } : task;
}

/** The tasks of a list of steps as it was kept; undefined if it is none. */
export function tasksOfSteps(value: unknown): Task[] | undefined {
  const steps = value as { name?: unknown; content?: unknown }[];
  const isWhole =
    Array.isArray(value) &&
    steps.every(({ name, content }) => typeof name === "string" && typeof content === "string");
  return isWhole
    ? steps.map(({ name, content }) => taskOfStep(String(name), String(content)))
    : undefined;
}

/** A page of an earlier editor; `sentAs` is the name under which the class has it. */
interface Page {
  readonly html: string;
  readonly sentAs?: string | undefined;
}

/** The drafts of an earlier editor; undefined if they are none. */
export function draftsOfSteps(value: unknown): { tasks: Task[]; sent: Task[] } | undefined {
  const kept = value as { theory?: unknown; tasks?: unknown; sent?: unknown } | null;
  const { theory, tasks, sent } = kept ?? {};
  if (!isPage(theory) || !Array.isArray(tasks) || !tasks.every(isPage) || !isSent(sent)) {
    return undefined;
  }
  const said = tasks.some(({ sentAs }) => sentAs !== undefined);
  const nameOf = ({ sentAs }: Page, at: number) =>
    said ? sentAs : String(at + 1) in sent ? String(at + 1) : undefined;
  return {
    tasks: [
      taskOfStep("theory", theory.html),
      ...tasks.map((page, at) => taskOfStep(nameOf(page, at) ?? "", page.html)),
    ],
    sent: Object.entries(sent)
      .map(([name, html]) => taskOfStep(name, html))
      .sort((one, other) => placeOf(one) - placeOf(other)),
  };
}

function placeOf({ id }: Task): number {
  return Number(id) || 0;
}

function isPage(value: unknown): value is Page {
  return typeof (value as Partial<Page> | null | undefined)?.html === "string";
}

function isSent(value: unknown): value is Record<string, string> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((html) => typeof html === "string")
  );
}
