import type { Attachment } from "svelte/attachments";

/** What may not come into the page, also if the server were an old one that sanitises less. */
const FORBIDDEN = "script, style, iframe, object, embed, form, link, meta, base";
// Style attributes under a name that the page's policy does not know: it reports them when they are
// parsed, also in a document that is never shown.
const TAG = /<[a-z][^<>]*>/gi;
const STYLE = /(\s)style(?=\s*=)/gi;
const KEPT_STYLE = "data-style";
const DANGEROUS = /^(javascript|vbscript|data(?!:image\/)):/i;
/** What a browser takes no notice of in the scheme of an address. */
// eslint-disable-next-line no-control-regex
const IGNORED = /[\u0000-\u0020]/g;

/** Shows sanitised HTML inside an element. */
export function richText(html: string): Attachment<HTMLElement> {
  return (element) => {
    const parsed = parse(html);
    parsed.body.querySelectorAll(FORBIDDEN).forEach((found) => found.remove());
    const styles = new Map<Element, string>();
    parsed.body.querySelectorAll("*").forEach((found) => clean(found, styles));
    element.replaceChildren(...parsed.body.childNodes);
    // By the object model, because the page's policy ignores style attributes.
    for (const [found, style] of styles) {
      if (found instanceof HTMLElement) {
        found.style.cssText = style;
        markInk(found);
      }
    }
  };
}

/** Says which colour was meant: `RichText` shows it as light or dark as its sheet asks for. */
function markInk(element: HTMLElement): void {
  const { color, backgroundColor } = element.style;
  if (color !== "" && backgroundColor === "") {
    element.style.setProperty("--ink", color);
    element.setAttribute("data-ink", "");
  }
}

function parse(html: string): Document {
  const renamed = html.replace(TAG, (tag) => tag.replace(STYLE, `$1${KEPT_STYLE}`));
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
