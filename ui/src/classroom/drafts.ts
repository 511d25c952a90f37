/**
 * The tasks as the teacher writes them, beside what the class has of them. Pure: each change is a new
 * value. Tasks are numbered by their place, so that taking one out numbers the rest anew.
 */
import type { Step } from "../wire/generated";

export interface Page {
  /** Names the page as long as it lives, wherever it moves to. */
  readonly key: number;
  readonly html: string;
  /** The name under which the class has it: its statuses are of that name. */
  readonly sentAs?: string | undefined;
}

/** The pages' HTML by the names of the steps; blank pages are none. */
export type Sent = Readonly<Record<string, string>>;

export interface Drafts {
  readonly theory: Page;
  readonly tasks: readonly Page[];
  /** What the class has. */
  readonly sent: Sent;
  /** What an import has replaced. */
  readonly before?: { readonly theory: Page; readonly tasks: readonly Page[] } | undefined;
}

export const MOST_TASKS = 16;
const THEORY_KEY = 0;

export const BLANK: Drafts = {
  theory: { key: THEORY_KEY, html: "" },
  tasks: [{ key: 1, html: "" }],
  sent: {},
};

/** Where a browser keeps the drafts of a class. */
export function draftsPlace(room: number): string {
  return `tasks/${room}`;
}

/** Whether nobody would see anything of it. */
export function isBlank(html: string): boolean {
  return !/<(img|hr)\b/i.test(html) && html.replace(/<[^>]*>|&nbsp;|\s/g, "") === "";
}

/** What is to be sent: the pages that hold something, by their places. */
export function stepsOf(drafts: Drafts): Step[] {
  const named = Object.entries(contents(drafts)).sort(([one], [other]) => byPlace(one, other));
  return named.map(([name, content]) => ({
    name,
    content,
    language: "html",
    type: name === "theory" ? "theory" : "exercise",
  }));
}

/** Names of the steps that the class has otherwise, or not at all, or still has. */
export function changed(drafts: Drafts): string[] {
  const now = contents(drafts);
  const names = new Set([...Object.keys(now), ...Object.keys(drafts.sent)]);
  return [...names].filter((name) => now[name] !== drafts.sent[name]).sort(byPlace);
}

/** The name of a page's step. */
export function nameOf(drafts: Drafts, key: number): string {
  const index = drafts.tasks.findIndex((page) => page.key === key);
  return index < 0 ? "theory" : String(index + 1);
}

export function pageOf(drafts: Drafts, key: number): Page {
  return drafts.tasks.find((page) => page.key === key) ?? drafts.theory;
}

export function withHtml(drafts: Drafts, key: number, html: string): Drafts {
  const change = (page: Page): Page => (page.key === key ? { ...page, html } : page);
  return { ...drafts, theory: change(drafts.theory), tasks: drafts.tasks.map(change) };
}

/** With one more task at the end; its key is `newestKey` then. */
export function withTask(drafts: Drafts): Drafts {
  return drafts.tasks.length >= MOST_TASKS
    ? drafts
    : { ...drafts, tasks: [...drafts.tasks, { key: newestKey(drafts) + 1, html: "" }] };
}

export function newestKey(drafts: Drafts): number {
  return Math.max(THEORY_KEY, ...drafts.tasks.map(({ key }) => key));
}

export function withoutTask(drafts: Drafts, key: number): Drafts {
  return { ...drafts, tasks: drafts.tasks.filter((page) => page.key !== key) };
}

/** A task that many places further; at the ends it stays. */
export function withMoved(drafts: Drafts, key: number, by: number): Drafts {
  const from = drafts.tasks.findIndex((page) => page.key === key);
  const to = from + by;
  const page = drafts.tasks[from];
  if (page === undefined || to < 0 || to >= drafts.tasks.length) {
    return drafts;
  }
  const tasks = drafts.tasks.filter((other) => other !== page);
  tasks.splice(to, 0, page);
  return { ...drafts, tasks };
}

/**
 * The order of another time with the texts of now: what was taken out is back, what has come since is
 * behind it.
 */
export function withOrderOf(drafts: Drafts, earlier: Drafts): Drafts {
  const now = new Map(drafts.tasks.map((page) => [page.key, page]));
  const tasks = earlier.tasks.map((page) => now.get(page.key) ?? page);
  const known = new Set(tasks.map(({ key }) => key));
  const fresh = drafts.tasks.filter(({ key }) => !known.has(key));
  return { ...drafts, tasks: [...tasks, ...fresh].slice(0, MOST_TASKS) };
}

/**
 * Names of tasks that the class has and whose statuses would be of something else: the page is not
 * there any more, or has got another number. What was merely written anew stays the same task.
 */
export function renumbered(drafts: Drafts): string[] {
  const tasks = Object.keys(drafts.sent).filter((name) => name !== "theory");
  return tasks
    .filter((name) => {
      const page = drafts.tasks[Number(name) - 1];
      return page?.sentAs !== name || isBlank(page.html);
    })
    .sort(byPlace);
}

/** The class has all of it now. */
export function afterSending(drafts: Drafts): Drafts {
  const tasks = drafts.tasks.map((page, index) => ({
    ...page,
    sentAs: isBlank(page.html) ? undefined : String(index + 1),
  }));
  return { ...drafts, tasks, sent: contents(drafts), before: undefined };
}

/**
 * The server tells what the class has: drafts that are newer stay. Imported tasks come the same way
 * until they are sent: what is here and not sent stays not sent.
 */
export function withLoaded(drafts: Drafts, steps: readonly Step[]): Drafts {
  const sent = sentOf(steps);
  if (isSame(sent, contents(drafts))) {
    return drafts;
  }
  const isUntouched = changed(drafts).length === 0 || Object.keys(contents(drafts)).length === 0;
  return isUntouched ? asSent(sent, drafts) : { ...drafts, sent };
}

/** Tasks from elsewhere: they replace the pages, which can be brought back. */
export function withImported(drafts: Drafts, steps: readonly Step[]): Drafts {
  const { theory, tasks, sent } = drafts;
  const before = Object.keys(contents(drafts)).length === 0 ? undefined : { theory, tasks };
  return { ...pagesOf(sentOf(steps), drafts), sent, before };
}

/** As it was before the import. */
export function withoutImport(drafts: Drafts): Drafts {
  return drafts.before === undefined ? drafts : { ...drafts, ...drafts.before, before: undefined };
}

/** As the class has it. */
export function reverted(drafts: Drafts): Drafts {
  return asSent(drafts.sent, drafts);
}

function asSent(sent: Sent, known: Drafts): Drafts {
  const { theory, tasks } = pagesOf(sent, known);
  return { theory, tasks: tasks.map((page, index) => withName(page, index, sent)), sent };
}

function withName(page: Page, index: number, sent: Sent): Page {
  const name = String(index + 1);
  return name in sent ? { ...page, sentAs: name } : page;
}

/** Drafts as they were kept, or nothing if those are none. */
export function asDrafts(value: unknown): Drafts | undefined {
  const kept = value as Partial<Drafts> | null;
  const isWhole =
    isPage(kept?.theory) &&
    Array.isArray(kept.tasks) &&
    kept.tasks.every(isPage) &&
    typeof kept.sent === "object" &&
    Object.values(kept.sent).every((html) => typeof html === "string");
  return isWhole ? withNames(kept as Drafts) : undefined;
}

/** Drafts of an older version do not say what they were sent as: what is where it was, is that. */
function withNames(drafts: Drafts): Drafts {
  if (drafts.tasks.some(({ sentAs }) => sentAs !== undefined)) {
    return drafts;
  }
  return { ...drafts, tasks: drafts.tasks.map((page, at) => withName(page, at, drafts.sent)) };
}

function isPage(value: unknown): value is Page {
  const page = value as Partial<Page> | null | undefined;
  return typeof page?.key === "number" && typeof page.html === "string";
}

function contents({ theory, tasks }: Pick<Drafts, "theory" | "tasks">): Record<string, string> {
  const named = [["theory", theory.html], ...tasks.map(({ html }, at) => [String(at + 1), html])];
  return Object.fromEntries(named.filter(([, html]) => !isBlank(html ?? ""))) as Record<
    string,
    string
  >;
}

function sentOf(steps: readonly Step[]): Sent {
  return Object.fromEntries(
    steps
      .filter(({ name, content }) => isName(name) && !isBlank(content ?? ""))
      .map(({ name, content }) => [name, content ?? ""]),
  );
}

function isSame(one: Sent, other: Sent): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
  );
}

/** Whether a step may be called so. */
export function isName(name: string): boolean {
  return name === "theory" || (/^[1-9]\d?$/.test(name) && Number(name) <= MOST_TASKS);
}

/** Pages for these contents, under keys that no page has had yet. */
function pagesOf(html: Sent, known: Drafts): Pick<Drafts, "theory" | "tasks"> {
  const last = Math.max(1, ...Object.keys(html).map((name) => Number(name) || 0));
  const first = newestKey(known) + 1;
  return {
    theory: { key: THEORY_KEY, html: html["theory"] ?? "" },
    tasks: Array.from({ length: last }, (_, at) => ({
      key: first + at,
      html: html[String(at + 1)] ?? "",
    })),
  };
}

function byPlace(one: string, other: string): number {
  return (Number(one) || 0) - (Number(other) || 0);
}
