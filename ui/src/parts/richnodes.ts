/** What the task editor knows beyond its kit: what Quill writes, pictures, and small letters. */
import { Extension, Mark, mergeAttributes, type NodeViewRendererProps } from "@tiptap/core";
import { Image } from "@tiptap/extension-image";
import { KEPT_STYLE } from "./richtext";

const QUILL_CLASS = /^ql-(?!ui$)[\w-]+$/;
const KEPT_STYLES = ["color", "background-color", "font-size", "font-family"];
const BLOCKS = ["paragraph", "heading", "listItem", "blockquote", "bulletList", "orderedList"];
// The page has its own heading, the task another one.
const HEADINGS_ABOVE = 2;

/** Classes and alignment that Quill gives to blocks. */
export const QuillBlocks = Extension.create({
  name: "quillBlocks",
  addGlobalAttributes() {
    return [
      {
        types: BLOCKS,
        attributes: {
          class: { default: null, parseHTML: quillClasses },
          style: {
            default: null,
            parseHTML: (element) => stylesOf(element, ["text-align", "direction"]),
          },
        },
      },
      {
        types: ["listItem"],
        attributes: {
          "data-list": {
            default: null,
            parseHTML: (element) => element.getAttribute("data-list"),
          },
        },
      },
    ];
  },
});

/** Colours, sizes and fonts inside a line, as Quill writes them. */
export const Styled = Mark.create({
  name: "styled",
  addAttributes() {
    return {
      style: { default: null, parseHTML: (element) => stylesOf(element, KEPT_STYLES) },
      class: { default: null, parseHTML: quillClasses },
    };
  },
  parseHTML() {
    return [
      {
        tag: "span",
        consuming: false,
        getAttrs: (element) =>
          stylesOf(element, KEPT_STYLES) !== null || quillClasses(element) !== null ? null : false,
      },
    ];
  },
  renderHTML({ HTMLAttributes }) {
    return ["span", HTMLAttributes, 0];
  },
});

export const [Subscript, Superscript] = (["sub", "sup"] as const).map((tag) =>
  Mark.create({
    name: tag,
    excludes: tag === "sub" ? "sup" : "sub",
    parseHTML: () => [{ tag }],
    renderHTML: ({ HTMLAttributes }) => [tag, HTMLAttributes, 0],
  }),
) as [Mark, Mark];

/** Without a description in the text, a picture is shown as one that needs none. */
export const Picture = Image.extend({
  renderHTML({ HTMLAttributes }) {
    const { alt, ...attributes } = HTMLAttributes as { alt?: string | null };
    return ["img", mergeAttributes(this.options.HTMLAttributes, attributes, { alt: alt ?? "" })];
  },
}).configure({ inline: true, allowBase64: true });

interface Attributes {
  level: number;
  class: string | null;
  style: string | null;
}

/** How a heading is drawn: below those of the page around, whatever its level in the HTML. */
export function headingView({ node }: NodeViewRendererProps): {
  dom: HTMLElement;
  contentDOM: HTMLElement;
} {
  const { level, class: names, style } = node.attrs as Attributes;
  const heading = document.createElement(`h${Math.min(6, level + HEADINGS_ABOVE)}`);
  heading.dataset["level"] = String(level);
  heading.className = names ?? "";
  heading.style.cssText = style ?? "";
  return { dom: heading, contentDOM: heading };
}

/** Quill has no <code> inside its <pre>. */
export function plainPre({
  HTMLAttributes,
}: {
  HTMLAttributes: Record<string, unknown>;
}): [string, Record<string, unknown>, 0] {
  return [
    "pre",
    mergeAttributes(
      { ...HTMLAttributes, language: null },
      { class: "ql-syntax", spellcheck: "false" },
    ),
    0,
  ];
}

function quillClasses(element: HTMLElement): string | null {
  return [...element.classList].filter((name) => QUILL_CLASS.test(name)).join(" ") || null;
}

function stylesOf(element: HTMLElement, names: readonly string[]): string | null {
  const style = styleOf(element);
  const found = names.map((name) => [name, style.getPropertyValue(name)] as const);
  const set = found.filter(([, value]) => value !== "");
  return set.map(([name, value]) => `${name}: ${value};`).join(" ") || null;
}

/** Its style, also where the page's policy let it only be kept under another name. */
function styleOf(element: HTMLElement): CSSStyleDeclaration {
  const kept = element.getAttribute(KEPT_STYLE);
  if (kept === null) {
    return element.style;
  }
  const probe = document.createElement("span");
  probe.style.cssText = kept;
  return probe.style;
}
