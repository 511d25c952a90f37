import type { Attachment } from "svelte/attachments";

/** What may not come into the page, also if the server were an old one that sanitises less. */
const FORBIDDEN = "script, style, iframe, object, embed, form, link, meta, base";
// Styles and handlers under names that the page's policy does not know: it reports them when they are
// parsed, also in a document that is never shown.
const TAG = /<[a-z][^<>]*>/gi;
const REPORTED = /(\s)(?=(?:style|on\w+)\s*=)/gi;
const SHEET = /<style\b[^>]*>[\s\S]*?<\/style\s*>/gi;
export const KEPT_STYLE = "data-style";
const DANGEROUS = /^(javascript|vbscript|data(?!:image\/)):/i;
/** What a browser takes no notice of in the scheme of an address. */
// eslint-disable-next-line no-control-regex
const IGNORED = /[\u0000-\u0020]/g;

// The page has its own heading, the task another one.
const HEADINGS_ABOVE = 2;

/** Shows sanitised HTML inside an element, as a part of the page around it. */
export function richText(html: string): Attachment<HTMLElement> {
  return (element) => {
    const page = parseInert(html).body;
    lowerHeadings(page);
    page.querySelectorAll("table").forEach(letScroll);
    page.querySelectorAll("img:not([alt])").forEach((found) => found.setAttribute("alt", ""));
    fill(element, page);
  };
}

/** The elements of sanitised HTML, to be edited. */
export function richElements(html: string): HTMLElement {
  const element = document.createElement("div");
  fill(element, parseInert(html).body);
  return element;
}

function fill(element: HTMLElement, page: HTMLElement): void {
  page.querySelectorAll(FORBIDDEN).forEach((found) => found.remove());
  const styles = new Map<Element, string>();
  page.querySelectorAll("*").forEach((found) => clean(found, styles));
  element.replaceChildren(...page.childNodes);
  // By the object model, because the page's policy ignores style attributes.
  for (const [found, style] of styles) {
    if (found instanceof HTMLElement) {
      found.style.cssText = style;
      markInk(found);
    }
  }
}

/** The highest of a text comes directly below those of the page, and the others as far below it. */
function lowerHeadings(page: HTMLElement): void {
  const headings = [...page.querySelectorAll("h1, h2, h3, h4, h5, h6")];
  const levels = headings.map(({ tagName }) => Number(tagName.slice(1)));
  const by = HEADINGS_ABOVE + 1 - Math.min(...levels);
  headings.forEach((heading, index) => {
    const level = levels[index] ?? 1;
    const lowered = page.ownerDocument.createElement(`h${Math.min(6, level + by)}`);
    for (const { name, value } of heading.attributes) {
      lowered.setAttribute(name, value);
    }
    lowered.dataset["level"] = String(level);
    lowered.append(...heading.childNodes);
    heading.replaceWith(lowered);
  });
}

/** A wide table scrolls, also by the keyboard, and the page does not. */
function letScroll(table: HTMLTableElement): void {
  const frame = table.ownerDocument.createElement("div");
  frame.className = "wide";
  frame.tabIndex = 0;
  table.replaceWith(frame);
  frame.append(table);
}

/** Says which colour was meant: `RichText` shows it as light or dark as its sheet asks for. */
function markInk(element: HTMLElement): void {
  const { color, backgroundColor } = element.style;
  if (color !== "" && backgroundColor === "") {
    element.style.setProperty("--ink", color);
    element.setAttribute("data-ink", "");
  }
}

/** A tag whose styles and handlers have other names. */
export function withoutStyles(tag: string): string {
  return tag.replace(REPORTED, "$1data-");
}

/** HTML as a document that does nothing; its style attributes have the name `KEPT_STYLE`. */
export function parseInert(html: string): Document {
  const renamed = html.replace(SHEET, "").replace(TAG, withoutStyles);
  return new DOMParser().parseFromString(renamed, "text/html");
}

function clean(element: Element, styles: Map<Element, string>): void {
  for (const { name, value } of [...element.attributes]) {
    if (name === KEPT_STYLE || name === "style") {
      styles.set(element, value);
      element.removeAttribute(name);
    } else if (name.startsWith("on") || DANGEROUS.test(value.replace(IGNORED, ""))) {
      element.removeAttribute(name);
    }
  }
  if (element instanceof HTMLAnchorElement || element.tagName === "A") {
    element.setAttribute("target", "_blank");
    element.setAttribute("rel", "noopener noreferrer");
  }
}
