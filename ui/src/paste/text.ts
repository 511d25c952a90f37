/** Pasted plain text: Markdown, a table with tabs, code, or lines of which none is dropped. */
import { fixed } from "./flow";
import { markdown, TABLE_RULE } from "./markdown";

const ITEM = /^\s*([-*+]|\d{1,9}[.)]) \S/;
const HEADING = /^ {0,3}#{1,6} \S/;
const INLINE = /\*\*\S(.*\S)?\*\*|`[^`\n]+`|!?\[[^\]\n]+\]\(\S+\)/;
const STATEMENT =
  /^\s*(def|class|import|from|for|if|elif|else|while|try|except|with|return|print|const|let|var|function|public|private|static|void|int|#include|package|using|SELECT)\b.*[:;{}()='">\w]$/;
const ASSIGNMENT = /^\s*[\w.[\]'"]+(, ?\w+)* ?([-+*/%&|]|\/\/)?= ?\S/;
const CALL = /^\s*[\w.]+\(.*\)[;:]?$/;
const COMMENT = /^\s*(#|\/\/|\/\*|\*\/?|--)/;

/** `isPlain`: with every line as it is. */
export function htmlOfText(text: string, isPlain: boolean): string {
  const whole = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "");
  const lines = whole.split("\n");
  if (!isPlain && lines.some((line) => /^ {0,3}(```|~~~)/.test(line))) {
    return markdown(whole);
  }
  if (!isPlain && isCode(lines)) {
    return `<pre><code>${escaped(whole)}</code></pre>`;
  }
  if (!isPlain && isTable(lines)) {
    return tableOf(lines);
  }
  if (!isPlain && isMarkdown(lines)) {
    return markdown(whole);
  }
  return lines.map((line) => `<p>${escaped(fixed(line.trimEnd()))}</p>`).join("");
}

export function escaped(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}

/** Most lines are statements, or one opens a block that the next one stands in. */
function isCode(lines: readonly string[]): boolean {
  const written = lines.filter((line) => line.trim() !== "");
  const statements = written.filter((line) => !COMMENT.test(line));
  const code = statements.filter(
    (line) =>
      STATEMENT.test(line) || ASSIGNMENT.test(line) || CALL.test(line) || /^\s*[{}]/.test(line),
  );
  const opensBlock = written.some(
    (line, at) => /[:{([]$/.test(line) && indentOf(written[at + 1] ?? "") > indentOf(line),
  );
  return (
    written.length > 1 &&
    code.length > 0 &&
    code.length >= statements.length * (opensBlock ? 0.4 : 0.7)
  );
}

function indentOf(line: string): number {
  return /^[ \t]*/.exec(line)?.[0].length ?? 0;
}

/** Rows of as many cells each, as spreadsheets write them. */
function isTable(lines: readonly string[]): boolean {
  const counts = new Set(lines.map((line) => line.split("\t").length));
  return (
    lines.length > 1 &&
    counts.size === 1 &&
    !counts.has(1) &&
    lines.every((line) => !/^\t/.test(line))
  );
}

function tableOf(lines: readonly string[]): string {
  const cell = (text: string): string => `<td>${escaped(text)}</td>`;
  const rows = lines.map((line) => `<tr>${line.split("\t").map(cell).join("")}</tr>`);
  return `<table><tbody>${rows.join("")}</tbody></table>`;
}

function isMarkdown(lines: readonly string[]): boolean {
  return (
    lines.filter((line) => ITEM.test(line)).length > 1 ||
    // A comment of code stands directly above it.
    lines.some((line, at) => HEADING.test(line) && (lines[at + 1] ?? "").trim() === "") ||
    lines.some((line, at) => line.includes("|") && at > 0 && TABLE_RULE.test(line)) ||
    lines.some((line) => INLINE.test(line))
  );
}
