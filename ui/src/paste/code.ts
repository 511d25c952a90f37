/** Code in what was pasted: its text with all its spaces, from lines that are elements of any kind. */

const LINES = new Set(["div", "p", "li", "tr", "table", "tbody", "ol", "ul", "pre"]);

export function codeBlock(page: Document, text: string): HTMLElement {
  const block = page.createElement("pre");
  const code = page.createElement("code");
  code.textContent = text
    .replace(/\u00a0/g, " ")
    .replace(/\r\n?/g, "\n")
    .replace(/^\n+|\s+$/g, "");
  block.append(code);
  return block;
}

export function codeText(node: Node): string {
  let text = "";
  const write = (each: Node): void => {
    const tag = each.nodeName.toLowerCase();
    if (each instanceof Text) {
      text += each.data;
    } else if (tag === "br") {
      text += "\n";
    } else if (tag !== "button" && tag !== "style") {
      const isLine = LINES.has(tag);
      endLine(isLine);
      each.childNodes.forEach(write);
      endLine(isLine);
    }
  };
  const endLine = (isLine: boolean): void => {
    if (isLine && text !== "" && !text.endsWith("\n")) {
      text += "\n";
    }
  };
  node.childNodes.forEach(write);
  return text;
}

/** Code with line numbers, as GitHub and others draw it: a table with a row for each line. */
export function numberedCode(table: HTMLTableElement): string | undefined {
  const lines = [...table.rows].map((row) =>
    row.querySelector("td.blob-code, td.code, td.hljs-ln-code"),
  );
  return lines.length > 0 && lines.every((line) => line !== null)
    ? lines.map((line) => line.textContent.replace(/\n$/, "")).join("\n")
    : undefined;
}

/** With the paragraphs that are code from end to end, two or more in a row, as one block of code. */
export function withCodeBlocks(page: Document, blocks: readonly HTMLElement[]): HTMLElement[] {
  const result: HTMLElement[] = [];
  let run: HTMLElement[] = [];
  const endRun = (): void => {
    // Blank paragraphs at its end are none of it.
    const end = run.findLastIndex(isCode) + 1;
    const code = run.slice(0, end).map((line) => codeText(line));
    const lines = code.join("\n").split("\n");
    result.push(
      ...(lines.length > 1 ? [codeBlock(page, lines.join("\n"))] : run.slice(0, end)),
      ...run.slice(end),
    );
    run = [];
  };
  for (const block of blocks) {
    if (isCode(block) || (run.length > 0 && isBlank(block))) {
      run.push(block);
    } else {
      endRun();
      result.push(block);
    }
  }
  endRun();
  return result;
}

function isBlank(block: HTMLElement): boolean {
  return block.tagName === "P" && block.childNodes.length === 0;
}

function isCode(block: HTMLElement): boolean {
  return (
    block.tagName === "P" &&
    block.textContent.trim() !== "" &&
    [...block.childNodes].every(
      ({ nodeName, textContent }) =>
        nodeName === "CODE" || nodeName === "BR" || textContent?.trim() === "",
    )
  );
}
