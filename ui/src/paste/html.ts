/**
 * Pasted HTML as the task editor understands it: what programs say in styles, classes and tricks is
 * said by elements, and nothing else comes along. Colours and sizes of another page's sheet would be
 * unreadable on one of ours.
 */
import { parseInert } from "../parts/richtext";
import { codeBlock, codeText, numberedCode, withCodeBlocks } from "./code";
import { Flow } from "./flow";
import { makeLists } from "./lists";
import { lookOf, PLAIN, rulesOf, stylesOf, type Look, type Rules, type Styles } from "./look";

export interface Cleaned {
  html: string;
  /** Pictures that only the other program can reach. */
  lostPictures: number;
}

/** Not a block of its own, and never anything but the text that it holds. */
const BLOCKS = new Set(
  `address article aside body caption center dd details dialog div dl dt fieldset figcaption figure
  footer form header hgroup li main nav p section summary tbody td tfoot th thead tr`.split(/\s+/),
);
const DROPPED = new Set(
  `audio base button canvas col colgroup embed frame head iframe input link map math meta noscript
  object script select source style svg template textarea title track video xml`.split(/\s+/),
);
const HEADING = /^h[1-6]$/;
const PICTURE = /^(https?:|data:image\/(png|jpeg|gif|webp|bmp);base64,)/i;
const EMOJI = /^\p{Extended_Pictographic}/u;

export function cleanHtml(html: string): Cleaned {
  const page = parseInert(html);
  const writer = new Writer(page, rulesOf(html));
  makeLists(page);
  const blocks = withoutBlankEnds(writer.blocksIn(page.body, PLAIN));
  const result = page.createElement("div");
  result.append(...blocks);
  return { html: result.innerHTML, lostPictures: writer.lostPictures };
}

class Writer {
  lostPictures = 0;
  private isInTable = false;

  constructor(
    private readonly page: Document,
    private readonly rules: Rules,
  ) {}

  blocksIn(parent: Node, look: Look, tag = "p"): HTMLElement[] {
    const flow = new Flow(this.page, tag);
    this.fill(flow, parent, look);
    return withCodeBlocks(this.page, flow.end());
  }

  private fill(flow: Flow, parent: Node, look: Look): void {
    for (const node of parent.childNodes) {
      if (node instanceof Text) {
        flow.text(node.data, look);
      } else if (node instanceof Element) {
        this.element(flow, node, look);
      }
    }
  }

  private element(flow: Flow, element: Element, around: Look): void {
    const tag = element.tagName.toLowerCase();
    const styles = stylesOf(element, this.rules);
    if (isHidden(element, styles)) {
      return;
    }
    const look = lookOf(element, styles, around);
    const level = headingOf(element);
    if (level !== undefined) {
      flow.block(...this.blocksIn(element, { ...look, isBold: false }, level));
    } else if (BLOCKS.has(tag) || (tag === "pre" && element.querySelector("p, table") !== null)) {
      this.container(flow, element, look);
    } else {
      this.special(flow, element, tag, look);
    }
  }

  private special(flow: Flow, element: Element, tag: string, look: Look): void {
    switch (tag) {
      case "br":
        return element.classList.contains("Apple-interchange-newline") ? undefined : flow.break();
      case "hr":
        return flow.block(this.page.createElement("hr"));
      case "img":
        return this.picture(flow, element, look);
      case "input":
        return this.checkbox(flow, element, look);
      case "ol":
      case "ul":
        return flow.block(this.list(element, tag, look));
      case "pre":
        return flow.block(codeBlock(this.page, codeText(codeIn(element))));
      case "blockquote":
        return flow.block(this.around("blockquote", this.blocksIn(element, look)));
      case "table":
        return this.table(flow, element as HTMLTableElement, look);
      default:
        return this.inline(flow, element, tag, look);
    }
  }

  private inline(flow: Flow, element: Element, tag: string, look: Look): void {
    if (element.classList.contains("Apple-converted-space")) {
      flow.text(" ", look);
    } else if (!DROPPED.has(tag)) {
      this.fill(flow, element, look);
    }
  }

  /** A paragraph, or anything around some. */
  private container(flow: Flow, element: Element, look: Look): void {
    if (look.isCode && look.isPreserved) {
      flow.block(codeBlock(this.page, codeText(element)));
      return;
    }
    flow.endLine();
    this.fill(flow, element, look);
    flow.endLine();
  }

  private picture(flow: Flow, element: Element, look: Look): void {
    const alt = element.getAttribute("alt");
    const src = element.getAttribute("src")?.trim() ?? "";
    if (alt !== null && EMOJI.test(alt)) {
      flow.text(alt, look);
    } else if (isPixel(element) || element.closest("[role=checkbox]") !== null) {
      // It counts who reads, or is drawn by a character below.
    } else if (PICTURE.test(src)) {
      const picture = this.page.createElement("img");
      picture.setAttribute("src", src);
      if (alt !== null) {
        picture.setAttribute("alt", alt);
      }
      flow.inline(picture);
    } else {
      this.lostPictures += 1;
    }
  }

  private checkbox(flow: Flow, element: Element, look: Look): void {
    if (element.getAttribute("type") === "checkbox") {
      flow.text(element.hasAttribute("checked") ? "☑ " : "☐ ", look);
    }
  }

  private list(element: Element, tag: "ol" | "ul", look: Look): HTMLElement {
    const list = this.page.createElement(tag);
    const start = element.getAttribute("start") ?? element.firstElementChild?.getAttribute("value");
    if (tag === "ol" && Number(start) > 0 && Number(start) !== 1) {
      list.setAttribute("start", String(Number(start)));
    }
    for (const child of element.children) {
      const inner = child.tagName.toLowerCase();
      if (inner === "ol" || inner === "ul") {
        // Google Docs: beside the item that it belongs to.
        const last = list.lastElementChild ?? list.appendChild(this.item([]));
        last.append(this.list(child, inner, look));
      } else if (!isHidden(child, stylesOf(child, this.rules))) {
        list.append(this.item(this.itemBlocks(child, look)));
      }
    }
    return list;
  }

  private itemBlocks(element: Element, around: Look): HTMLElement[] {
    const look = lookOf(element, stylesOf(element, this.rules), around);
    const blocks = this.blocksIn(element, look);
    if (element.getAttribute("role") === "checkbox") {
      const sign = element.getAttribute("aria-checked") === "true" ? "☑ " : "☐ ";
      blocks[0]?.prepend(sign);
    }
    return blocks;
  }

  private item(blocks: HTMLElement[]): HTMLElement {
    return this.around("li", blocks.length > 0 ? blocks : [this.page.createElement("p")]);
  }

  private table(flow: Flow, table: HTMLTableElement, look: Look): void {
    const code = numberedCode(table);
    const rows = [...table.rows].filter((row) => !isHidden(row, stylesOf(row, this.rules)));
    const cells = rows.flatMap((row) => [...row.cells]);
    if (code !== undefined) {
      flow.block(codeBlock(this.page, code));
    } else if (this.isInTable || cells.length === 1) {
      // A frame around something, and no table.
      cells.forEach((cell) => this.element(flow, cell, look));
    } else if (cells.length > 0) {
      this.caption(flow, table, look);
      this.isInTable = true;
      const body = this.around(
        "tbody",
        rows.map((row) => this.row(row, look)),
      );
      this.isInTable = false;
      flow.block(this.around("table", [body]));
    }
  }

  private caption(flow: Flow, table: HTMLTableElement, look: Look): void {
    if (table.caption !== null) {
      flow.block(...this.blocksIn(table.caption, look));
    }
  }

  private row(row: HTMLTableRowElement, around: Look): HTMLElement {
    const cells = [...row.cells].map((cell) => {
      const tag = cell.tagName.toLowerCase();
      const look = lookOf(cell, stylesOf(cell, this.rules), around);
      const blocks = this.blocksIn(cell, tag === "th" ? { ...look, isBold: false } : look);
      const written = this.around(tag, blocks);
      for (const name of ["colspan", "rowspan"] as const) {
        const count = Number(cell.getAttribute(name));
        if (count > 1) {
          written.setAttribute(name, String(count));
        }
      }
      return written;
    });
    return this.around("tr", cells);
  }

  private around(tag: string, children: readonly HTMLElement[]): HTMLElement {
    const element = this.page.createElement(tag);
    element.append(...children);
    return element;
  }
}

/** The element of a heading, also of one that says so otherwise. */
function headingOf(element: Element): string | undefined {
  const tag = element.tagName.toLowerCase();
  const level = element.getAttribute("aria-level");
  if (HEADING.test(tag)) {
    return tag;
  }
  if (element.getAttribute("role") === "heading" && level !== null && /^[1-6]$/.test(level)) {
    return `h${level}`;
  }
  return element.classList.contains("MsoTitle") ? "h1" : undefined;
}

/** Without what stands around it: the name of the language, a button that copies. */
function codeIn(block: Element): Element {
  const [code, ...more] = block.querySelectorAll("code");
  return code !== undefined && more.length === 0 ? code : block;
}

function isHidden(element: Element, styles: Styles): boolean {
  return (
    element.hasAttribute("hidden") ||
    styles.get("display") === "none" ||
    styles.get("visibility") === "hidden" ||
    styles.get("mso-hide") === "all"
  );
}

function isPixel(element: Element): boolean {
  return ["width", "height"].every((name) => Number(element.getAttribute(name) ?? NaN) <= 1);
}

function withoutBlankEnds(blocks: readonly HTMLElement[]): HTMLElement[] {
  const isBlank = (block: HTMLElement) => block.tagName === "P" && block.childNodes.length === 0;
  const first = blocks.findIndex((block) => !isBlank(block));
  return first < 0 ? [] : blocks.slice(first, blocks.findLastIndex((block) => !isBlank(block)) + 1);
}
