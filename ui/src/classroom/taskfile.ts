/**
 * Tasks as one file: a page that any browser shows and prints. The editor takes them again from a block
 * of data in it, to the letter; what the page shows is not read.
 */
import { labelsOf } from "../class/tasks";
import type { Task } from "../wire/generated";
import { asTasks } from "./drafts";
import { taskOfStep } from "./oldsteps";
import { isBlankTask } from "./task";

// Nothing of the page runs, or is asked of anybody but for pictures.
const POLICY = "default-src 'none'; img-src data: http: https:; style-src 'unsafe-inline'";
const LOOK =
  "body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; } " +
  "img { max-width: 100%; } pre { overflow-x: auto; padding: 0.75rem; background: #eee; }";
const DATA = /<script type="application\/json" id="quad-tasks">([\s\S]*?)<\/script>/;

/** The page. */
export function asTaskFile(tasks: readonly Task[], title: string, language: string): string {
  const labels = labelsOf(tasks);
  const shown = tasks.map(({ id, content }) => {
    const heading = escaped(labels.get(id)?.title ?? "");
    return `<section>\n<h2>${heading}</h2>\n${content}\n</section>`;
  });
  return [
    `<!doctype html>`,
    `<html lang="${escaped(language)}">`,
    `<head>`,
    `<meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    `<meta name="viewport" content="width=device-width">`,
    `<title>${escaped(title)}</title>`,
    `<style>${LOOK}</style>`,
    // Ahead of what is shown, which may be anything.
    `<script type="application/json" id="quad-tasks">${asData(tasks)}</script>`,
    `</head>`,
    `<body>`,
    `<h1>${escaped(title)}</h1>`,
    ...shown,
    `</body>`,
    `</html>`,
    ``,
  ].join("\n");
}

/** The tasks of such a page, also of an earlier one; none if it is another one. */
export function tasksInFile(text: string): Task[] {
  const value = dataOf(DATA.exec(text)?.[1] ?? "");
  const tasks = Array.isArray(value) ? (asTasks(value) ?? []) : tasksByName(value);
  return tasks.filter((task) => !isBlankTask(task));
}

/** Earlier files have the pages' HTML by the names of steps. */
function tasksByName(value: object): Task[] {
  return Object.entries(value).flatMap(([name, content]: [string, unknown]) => {
    const task = typeof content === "string" ? taskOfStep(name, content) : undefined;
    return task?.id === name ? [task] : [];
  });
}

/** JSON that ends no element around it. */
function asData(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

function dataOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
