/**
 * Tasks as one file: a page that any browser shows and prints. The editor takes them again from a block
 * of data in it, to the letter; what the page shows is not read.
 */
import type { Step } from "../wire/generated";
import { isBlank, isName } from "./drafts";

// Nothing of the page runs, or is asked of anybody but for pictures.
const POLICY = "default-src 'none'; img-src data: http: https:; style-src 'unsafe-inline'";
const LOOK =
  "body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; } " +
  "img { max-width: 100%; } pre { overflow-x: auto; padding: 0.75rem; background: #eee; }";
const DATA = /<script type="application\/json" id="quad-tasks">([\s\S]*?)<\/script>/;

/** The page. `titleOf` is what a step is called for people. */
export function asTaskFile(
  steps: readonly Step[],
  title: string,
  language: string,
  titleOf: (name: string) => string,
): string {
  const pages = steps.map(({ name, content }) => [name, content ?? ""]);
  const shown = pages.map(
    ([name = "", content]) =>
      `<section>\n<h2>${escaped(titleOf(name))}</h2>\n${content}\n</section>`,
  );
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
    `<script type="application/json" id="quad-tasks">${asData(Object.fromEntries(pages))}</script>`,
    `</head>`,
    `<body>`,
    `<h1>${escaped(title)}</h1>`,
    ...shown,
    `</body>`,
    `</html>`,
    ``,
  ].join("\n");
}

/** The steps of such a page; none if it is another one. */
export function stepsInFile(text: string): Step[] {
  const pages = dataOf(DATA.exec(text)?.[1] ?? "");
  return Object.entries(pages).flatMap(([name, content]) =>
    isName(name) && typeof content === "string" && !isBlank(content) ? [stepOf(name, content)] : [],
  );
}

function stepOf(name: string, content: string): Step {
  const type = name === "theory" ? "theory" : "exercise";
  return { name, content, language: "html", type };
}

/** JSON that ends no element around it. */
function asData(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

function dataOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
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
