/**
 * Markdown in the HTML of tasks: what CommonMark and GitHub's tables say, without HTML inside and
 * without references. Names with two underscores on both sides are Python's, not bold.
 */
import { escaped } from "./text";

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|(\d{1,9})[.)])( +|$)(.*)$/;
export const TABLE_RULE = /^ *\|? *:?-+:? *(\| *:?-+:? *)*\|? *$/;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;

/** The HTML of a text in Markdown. */
export function markdown(text: string): string {
  return blocks(text.replace(/\t/g, "    ").split("\n"));
}

type Taken = readonly [html: string, count: number];

function blocks(lines: readonly string[]): string {
  let html = "";
  let at = 0;
  while (at < lines.length) {
    const rest = lines.slice(at);
    const [block, count] =
      blank(rest) ??
      fence(rest) ??
      heading(rest) ??
      quote(rest) ??
      table(rest) ??
      list(rest) ??
      indented(rest) ??
      paragraph(rest);
    html += block;
    at += count;
  }
  return html;
}

function blank([line = ""]: readonly string[]): Taken | undefined {
  return line.trim() === "" ? ["", 1] : undefined;
}

function fence(lines: readonly string[]): Taken | undefined {
  const sign = FENCE.exec(lines[0] ?? "")?.[1];
  if (sign === undefined) {
    return undefined;
  }
  const close = lines.findIndex((line, at) => at > 0 && line.trim().startsWith(sign));
  const end = close < 0 ? lines.length : close;
  return [code(lines.slice(1, end)), end + 1];
}

function heading([line = ""]: readonly string[]): Taken | undefined {
  const found = HEADING.exec(line);
  if (found !== null) {
    const tag = `h${found[1]?.length ?? 1}`;
    return [`<${tag}>${inline(found[2] ?? "")}</${tag}>`, 1];
  }
  return RULE.test(line) ? ["<hr>", 1] : undefined;
}

function quote(lines: readonly string[]): Taken | undefined {
  const end = lines.findIndex((line) => !QUOTE.test(line));
  const count = end < 0 ? lines.length : end;
  const inner = lines.slice(0, count).map((line) => line.replace(QUOTE, ""));
  return count === 0 ? undefined : [`<blockquote>${blocks(inner)}</blockquote>`, count];
}

function table(lines: readonly string[]): Taken | undefined {
  const [head = "", rule = ""] = lines;
  if (!head.includes("|") || !rule.includes("|") || !TABLE_RULE.test(rule)) {
    return undefined;
  }
  const end = lines.findIndex((line) => !line.includes("|"));
  const count = end < 0 ? lines.length : end;
  const row = (line: string, tag: string): string =>
    `<tr>${cells(line)
      .map((cell) => `<${tag}>${inline(cell)}</${tag}>`)
      .join("")}</tr>`;
  const rows = lines.slice(2, count).map((line) => row(line, "td"));
  return [`<table><tbody>${row(head, "th")}${rows.join("")}</tbody></table>`, count];
}

function cells(line: string): string[] {
  const inner = line.trim().replace(/^\||(?<!\\)\|$/g, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

function list(lines: readonly string[]): Taken | undefined {
  const first = ITEM.exec(lines[0] ?? "");
  if (first === null) {
    return undefined;
  }
  const isOrdered = first[3] !== undefined;
  let items = "";
  let at = 0;
  for (let item: RegExpExecArray | null = first; item !== null; item = ITEM.exec(lines[at] ?? "")) {
    if ((item[3] !== undefined) !== isOrdered || RULE.test(lines[at] ?? "")) {
      break;
    }
    const inner = itemLines(lines.slice(at), item);
    items += `<li>${blocks(inner.map((line, index) => (index === 0 ? box(line) : line)))}</li>`;
    at += inner.length;
  }
  const start = isOrdered && Number(first[3]) !== 1 ? ` start="${Number(first[3])}"` : "";
  return [isOrdered ? `<ol${start}>${items}</ol>` : `<ul>${items}</ul>`, at];
}

/** The lines of an item, without their indentation: those that stand further in, or go on with it. */
function itemLines(lines: readonly string[], item: RegExpExecArray): string[] {
  const [, indent = "", sign = "", , gap = "", first = ""] = item;
  // More than four spaces are code inside the item (CommonMark 5.2).
  const width = indent.length + sign.length + (gap.length > 4 ? 1 : Math.max(1, gap.length));
  const isOwn = (line: string, before: string): boolean =>
    line.trim() === "" || isInside(line) || (before.trim() !== "" && !startsBlock(line));
  const end = lines.findIndex((line, at) => at > 0 && !isOwn(line, lines[at - 1] ?? ""));
  const rest = lines.slice(1, end < 0 ? lines.length : end);
  const margin = new RegExp(`^ {1,${width}}`);
  return [first, ...rest.map((line) => line.replace(margin, ""))];
}

/** Many write two spaces where CommonMark wants as many as the sign takes. */
function isInside(line: string): boolean {
  return line.startsWith("  ");
}

function box(line: string): string {
  return line.replace(/^\[ \] /, "☐ ").replace(/^\[[xX]\] /, "☑ ");
}

function indented(lines: readonly string[]): Taken | undefined {
  const end = lines.findIndex((line) => !line.startsWith("    ") && line.trim() !== "");
  const own = lines.slice(0, end < 0 ? lines.length : end);
  return own[0]?.startsWith("    ") === true
    ? [code(own.map((line) => line.slice(4))), own.length]
    : undefined;
}

function paragraph(lines: readonly string[]): Taken {
  const end = lines.findIndex(
    (line, at) => at > 0 && (line.trim() === "" || UNDERLINE.test(line) || startsBlock(line)),
  );
  const own = lines.slice(0, end < 0 ? lines.length : end);
  const under = UNDERLINE.exec(lines[own.length] ?? "")?.[1];
  // Two spaces or a backslash at the end break the line; else it goes on.
  const text = own
    .map((line) => line.trimStart())
    .join("\n")
    .replace(/( {2,}|\\)\n/g, "\0")
    .replace(/\n/g, " ");
  const html = inline(text.trimEnd()).replace(/\0/g, "<br>");
  if (under !== undefined) {
    const tag = under.startsWith("=") ? "h1" : "h2";
    return [`<${tag}>${html}</${tag}>`, own.length + 1];
  }
  return [`<p>${html}</p>`, own.length];
}

function startsBlock(line: string): boolean {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((start) => start.test(line));
}

function code(lines: readonly string[]): string {
  return `<pre><code>${escaped(lines.join("\n"))}</code></pre>`;
}

interface Sign {
  /** What stands between is bounded: what opens and never closes costs no time. */
  readonly sign: RegExp;
  readonly html: (one: string, two: string) => string;
}

const SIGNS: readonly Sign[] = [
  { sign: /\\([!-/:-@[-`{-~])/g, html: escaped },
  { sign: /(?<!`)(`{1,3})(?!`)(.{1,1000}?)(?<!`)\1(?!`)/gs, html: (_, text) => codeSpan(text) },
  {
    sign: /!\[([^[\]]{0,500})\]\(<?([^()\s<>]{1,2000})>?(?: "[^"]{0,500}")?\)/g,
    html: (alt, src) => `<img src="${escaped(src)}" alt="${escaped(alt)}">`,
  },
  {
    sign: /\[([^[\]]{1,500})\]\(<?([^()\s<>]{1,2000})>?(?: "[^"]{0,500}")?\)/g,
    html: (text, href) => `<a href="${escaped(href)}">${inline(text)}</a>`,
  },
  {
    sign: /<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/g,
    html: (href) => `<a href="${escaped(href)}">${escaped(href)}</a>`,
  },
  {
    sign: /\*\*(?=\S)(.{1,1000}?)(?<=\S)\*\*(?!\*)/gs,
    html: (text) => `<strong>${inline(text)}</strong>`,
  },
  {
    sign: /(?<!\w)__(?=\S)(?!\w+__)(.{1,1000}?)(?<=\S)__(?!\w)/gs,
    html: (text) => `<strong>${inline(text)}</strong>`,
  },
  {
    sign: /(?<![*\w])\*(?=[^\s*])(.{1,1000}?)(?<=[^\s*])\*(?!\*)/gs,
    html: (text) => `<em>${inline(text)}</em>`,
  },
  {
    sign: /(?<!\w)_(?=[^\s_])(.{1,1000}?)(?<=[^\s_])_(?!\w)/gs,
    html: (text) => `<em>${inline(text)}</em>`,
  },
  { sign: /~~(?=\S)(.{1,1000}?)~~/gs, html: (text) => `<s>${inline(text)}</s>` },
];

/** Whichever sign comes first; of two at one place the one that is listed first. */
function inline(text: string): string {
  let html = "";
  let at = 0;
  const next = SIGNS.map(({ sign }) => findFrom(sign, text, 0));
  for (;;) {
    next.forEach((found, index) => {
      const sign = SIGNS[index]?.sign;
      if (sign !== undefined && found !== undefined && found.index < at) {
        next[index] = findFrom(sign, text, at);
      }
    });
    const places = next.map((found) => found?.index ?? Infinity);
    const first = places.indexOf(Math.min(...places));
    const found = next[first];
    if (found === undefined) {
      return html + escaped(text.slice(at));
    }
    const [whole, one = "", two = ""] = found;
    html += escaped(text.slice(at, found.index)) + (SIGNS[first]?.html(one, two) ?? "");
    at = found.index + whole.length;
  }
}

function findFrom(sign: RegExp, text: string, at: number): RegExpExecArray | undefined {
  // Not by its own memory of the place: `inline` calls itself.
  const fresh = new RegExp(sign.source, sign.flags);
  fresh.lastIndex = at;
  return fresh.exec(text) ?? undefined;
}

function codeSpan(text: string): string {
  return `<code>${escaped(text.replace(/^ (.*\S.*) $/s, "$1"))}</code>`;
}
