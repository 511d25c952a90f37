/** Blocks one after the other; text between them becomes lines of one kind of element. */
import type { Look } from "./look";

const NBSP = "\u00a0";
const SPACES = /[ \t\r\n\f]+/g;

export class Flow {
  private readonly blocks: HTMLElement[] = [];
  private line: HTMLElement | undefined;

  constructor(
    private readonly page: Document,
    /** The element of a line: a paragraph, a heading. */
    private readonly tag: string,
  ) {}

  text(text: string, look: Look): void {
    if (!look.isPreserved) {
      this.collapsed(text.replace(SPACES, " "), look);
    } else if (this.line !== undefined || /\S/.test(text) || !text.includes("\n")) {
      this.preserved(text, look);
    }
  }

  /** Without a line to break it is a blank one. */
  break(): void {
    if (this.line === undefined) {
      this.blank();
    } else {
      this.line.append(this.page.createElement("br"));
    }
  }

  inline(node: Node): void {
    this.line ??= this.page.createElement(this.tag);
    this.line.append(node);
  }

  block(...blocks: HTMLElement[]): void {
    this.endLine();
    this.blocks.push(...blocks);
  }

  endLine(): void {
    const { line } = this;
    this.line = undefined;
    if (line === undefined) {
      return;
    }
    trimEnd(line);
    if (isSeen(line)) {
      this.blocks.push(line);
    } else {
      this.blank();
    }
  }

  end(): HTMLElement[] {
    this.endLine();
    return this.blocks;
  }

  private blank(): void {
    this.blocks.push(this.page.createElement("p"));
  }

  private collapsed(text: string, look: Look): void {
    const isAtSpace = this.line === undefined || /(^| |\n)$/.test(textOf(this.line));
    const rest = isAtSpace ? text.replace(/^ /, "") : text;
    if (rest !== "") {
      this.inline(marked(this.page, rest, look));
    }
  }

  private preserved(text: string, look: Look): void {
    text.split(/\r\n?|\n/).forEach((line, index) => {
      if (index > 0) {
        this.break();
      }
      if (line !== "") {
        const isAtStart = this.line === undefined || textOf(this.line) === "\n";
        this.inline(marked(this.page, fixed(line, isAtStart), look));
      }
    });
  }
}

/** Spaces that stay where spaces collapse. */
export function fixed(line: string, isAtStart = true): string {
  return line
    .replace(/\t/g, "    ")
    .replace(isAtStart ? /^ +/ : /^ {2,}/, (spaces) => NBSP.repeat(spaces.length))
    .replace(/ {2,}/g, (spaces) => ` ${NBSP.repeat(spaces.length - 1)}`);
}

/** Text of that look, in the elements that mean it. */
function marked(page: Document, text: string, look: Look): Node {
  const tags = look.isCode
    ? ["code"]
    : [
        look.script,
        look.isStruck ? "s" : undefined,
        // What is a link is underlined anyway.
        look.isUnderlined && look.href === undefined ? "u" : undefined,
        look.isItalic ? "em" : undefined,
        look.isBold ? "strong" : undefined,
      ];
  let node: Node = page.createTextNode(text);
  for (const tag of tags.filter((each) => each !== undefined)) {
    node = around(page.createElement(tag), node);
  }
  if (look.href !== undefined) {
    const link = page.createElement("a");
    link.setAttribute("href", look.href);
    node = around(link, node);
  }
  return node;
}

function around(element: HTMLElement, node: Node): HTMLElement {
  element.append(node);
  return element;
}

function textOf(line: HTMLElement): string {
  return line.lastChild?.nodeName === "BR" ? "\n" : (line.lastChild?.textContent ?? "");
}

function trimEnd(line: HTMLElement): void {
  for (let last = line.lastChild; last !== null; last = line.lastChild) {
    const text = last.textContent?.replace(/ +$/, "") ?? "";
    if (last.nodeName !== "BR" && (text !== "" || last.nodeName === "IMG")) {
      const leaf = lastText(last);
      if (leaf !== undefined) {
        leaf.data = leaf.data.replace(/ +$/, "");
      }
      return;
    }
    last.remove();
  }
}

function lastText(node: Node): Text | undefined {
  return node instanceof Text ? node : node.lastChild ? lastText(node.lastChild) : undefined;
}

function isSeen(line: HTMLElement): boolean {
  return line.querySelector("img") !== null || line.textContent.trim() !== "";
}
