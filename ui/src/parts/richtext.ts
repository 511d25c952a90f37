import type { Attachment } from "svelte/attachments";

/** What may not come into the page, also if the server were an old one that sanitises less. */
const FORBIDDEN = "script, style, iframe, object, embed, form, link, meta, base";
const DANGEROUS = /^\s*(javascript|vbscript|data(?!:image\/)):/i;

/** Shows sanitised HTML inside an element. */
export function richText(html: string): Attachment<HTMLElement> {
  return (element) => {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    parsed.body.querySelectorAll(FORBIDDEN).forEach((found) => found.remove());
    const styles = new Map<Element, string>();
    parsed.body.querySelectorAll("*").forEach((found) => clean(found, styles));
    element.replaceChildren(...parsed.body.childNodes);
    // By the object model, because the page's policy ignores style attributes.
    for (const [found, style] of styles) {
      if (found instanceof HTMLElement) {
        found.style.cssText = style;
      }
    }
  };
}

/** The words of some HTML in one line, for previews. */
export function plainText(html: string): string {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return (parsed.body.textContent ?? "").replace(/\s+/g, " ").trim();
}

function clean(element: Element, styles: Map<Element, string>): void {
  for (const { name, value } of [...element.attributes]) {
    if (name === "style") {
      styles.set(element, value);
      element.removeAttribute(name);
    } else if (name.startsWith("on") || DANGEROUS.test(value)) {
      element.removeAttribute(name);
    }
  }
  if (element instanceof HTMLAnchorElement || element.tagName === "A") {
    element.setAttribute("target", "_blank");
    element.setAttribute("rel", "noopener noreferrer");
  }
}
