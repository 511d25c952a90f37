/**
 * An editor for the HTML of tasks, which is that of the Quill editor: its classes and styles survive,
 * and what is written here looks the same in it. Loaded only when somebody writes.
 */
import { Editor, Extension, Mark, mergeAttributes, type JSONContent } from "@tiptap/core";
import { Image } from "@tiptap/extension-image";
import { DOMParser as ModelParser } from "@tiptap/pm/model";
import { StarterKit } from "@tiptap/starter-kit";
import { richText } from "./richtext";

export interface RichEditorOptions {
  label: string;
  /** Of every change by hand, and of no other. */
  changed: (html: string) => void;
  /** What the buttons show may have changed. */
  moved: () => void;
}

const QUILL_CLASS = /^ql-(?!ui$)[\w-]+$/;
const KEPT_STYLES = ["color", "background-color", "font-size", "font-family"];
const BLOCKS = ["paragraph", "heading", "listItem", "blockquote", "bulletList", "orderedList"];

/** Classes and alignment that Quill gives to blocks. */
const QuillBlocks = Extension.create({
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
const Styled = Mark.create({
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

export class RichEditor {
  private readonly editor: Editor;
  private isLoading = false;

  constructor(parent: HTMLElement, options: RichEditorOptions) {
    this.editor = new Editor({
      element: parent,
      injectCSS: false,
      extensions: [
        StarterKit.configure({
          codeBlock: { HTMLAttributes: { class: "ql-syntax", spellcheck: "false" } },
          heading: { levels: [1, 2, 3, 4, 5, 6] },
          link: {
            openOnClick: false,
            defaultProtocol: "https",
            HTMLAttributes: { target: "_blank", rel: "noopener noreferrer", class: null },
          },
          trailingNode: false,
        }).extend({
          addExtensions() {
            return (this.parent?.() ?? []).map((each) =>
              each.name === "codeBlock" ? each.extend({ renderHTML: plainPre }) : each,
            );
          },
        }),
        Image.configure({ inline: true, allowBase64: true }),
        Styled,
        QuillBlocks,
      ],
      editorProps: {
        attributes: {
          role: "textbox",
          "aria-multiline": "true",
          "aria-label": options.label,
          class: "rich-area",
        },
        // Foreign colours would be unreadable in one theme or the other, and the page's policy
        // objects to style attributes that are parsed.
        transformPastedHTML: (html) =>
          html.replace(/<[a-z][^<>]*>/gi, (tag) =>
            tag.replace(/\sstyle\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)/gi, ""),
          ),
      },
      onUpdate: ({ editor }) => {
        if (!this.isLoading) {
          options.changed(plainItems(editor.getHTML()));
        }
      },
      onTransaction: () => options.moved(),
    });
  }

  /** Shows other HTML; returns what of it an edit would lose, as names of elements. */
  load(html: string): string[] {
    const element = document.createElement("div");
    richText(html)(element);
    asOurs(element);
    const model = ModelParser.fromSchema(this.editor.schema).parse(element);
    this.isLoading = true;
    this.editor
      .chain()
      .setMeta("addToHistory", false)
      .setContent(model.toJSON() as JSONContent, { emitUpdate: false })
      .run();
    this.isLoading = false;
    return lostTags(element, this.editor.getHTML());
  }

  is(name: string, attributes?: Record<string, unknown>): boolean {
    return this.editor.isActive(name, attributes);
  }

  get canUndo(): boolean {
    return this.editor.can().undo();
  }

  get canRedo(): boolean {
    return this.editor.can().redo();
  }

  get link(): string {
    const { href } = this.editor.getAttributes("link");
    return typeof href === "string" ? href : "";
  }

  /** One of the toolbar's commands. */
  run(command: Command): void {
    COMMANDS[command](this.editor.chain().focus()).run();
  }

  /** 0 is a plain paragraph. */
  setHeading(level: 0 | 1 | 2 | 3): void {
    const chain = this.editor.chain().focus();
    (level === 0 ? chain.setParagraph() : chain.setHeading({ level })).run();
  }

  /** No address takes the link away. */
  setLink(href: string): void {
    const chain = this.editor.chain().focus().extendMarkRange("link");
    if (href === "") {
      chain.unsetLink().run();
    } else if (this.editor.state.selection.empty && !this.is("link")) {
      const marks = [{ type: "link", attrs: { href } }];
      chain.insertContent({ type: "text", text: href, marks }).run();
    } else {
      chain.setLink({ href }).run();
    }
  }

  addImage(src: string, alt: string): void {
    this.editor.chain().focus().setImage({ src, alt }).run();
  }

  /** Undefined is the colour of the text around. */
  setColour(colour: string | undefined): void {
    const { style, class: names } = this.editor.getAttributes("styled");
    const probe = document.createElement("span");
    probe.style.cssText = typeof style === "string" ? style : "";
    probe.style.color = colour ?? "";
    const next = { style: probe.style.cssText || null, class: (names as string | null) ?? null };
    const chain = this.editor.chain().focus();
    if (next.style === null && next.class === null) {
      chain.unsetMark("styled").run();
    } else {
      chain.setMark("styled", next).run();
    }
  }

  focus(): void {
    this.editor.commands.focus();
  }

  destroy(): void {
    this.editor.destroy();
  }
}

type Chain = ReturnType<Editor["chain"]>;

const COMMANDS = {
  bold: (chain: Chain) => chain.toggleBold(),
  italic: (chain: Chain) => chain.toggleItalic(),
  underline: (chain: Chain) => chain.toggleUnderline(),
  strike: (chain: Chain) => chain.toggleStrike(),
  code: (chain: Chain) => chain.toggleCode(),
  bulletList: (chain: Chain) => chain.toggleBulletList(),
  orderedList: (chain: Chain) => chain.toggleOrderedList(),
  blockquote: (chain: Chain) => chain.toggleBlockquote(),
  codeBlock: (chain: Chain) => chain.toggleCodeBlock(),
  undo: (chain: Chain) => chain.undo(),
  redo: (chain: Chain) => chain.redo(),
};
export type Command = keyof typeof COMMANDS;

/** Quill has no <p> inside its <li>, nor have students any use for its margins. */
function plainItems(html: string): string {
  return html.replace(/<li([^>]*)><p>((?:(?!<\/?p\b).)*)<\/p>(?=<\/li>|<[uo]l\b)/gs, "<li$1>$2");
}

/** Quill has no <code> inside its <pre>. */
function plainPre({
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
  const found = names.map((name) => [name, element.style.getPropertyValue(name)] as const);
  const set = found.filter(([, value]) => value !== "");
  return set.map(([name, value]) => `${name}: ${value};`).join(" ") || null;
}

/** Changes what Quill 2 writes in its own way into what the editor understands. */
function asOurs(element: HTMLElement): void {
  for (const block of element.querySelectorAll(".ql-code-block-container")) {
    const pre = document.createElement("pre");
    const lines = [...block.querySelectorAll(".ql-code-block")].map((line) => line.textContent);
    pre.textContent = lines.join("\n");
    block.replaceWith(pre);
  }
  for (const list of element.querySelectorAll("ol")) {
    const items = [...list.children];
    if (items.length > 0 && items.every((item) => item.getAttribute("data-list") === "bullet")) {
      const dots = document.createElement("ul");
      dots.append(...items);
      list.replaceWith(dots);
    }
  }
}

// Written otherwise, these mean the same.
const SAME: Record<string, string> = { b: "strong", i: "em", strike: "s", div: "p", span: "" };
const STRUCTURE = ["tbody", "code", "br", "p"];

/** Elements that the editor does not know, and would leave out as soon as anything is edited. */
function lostTags(element: HTMLElement, html: string): string[] {
  const after = new DOMParser().parseFromString(html.replace(/\sstyle="[^"]*"/g, ""), "text/html");
  const known = tagsOf(after.body);
  return [...tagsOf(element)].filter((tag) => !known.has(tag) && !STRUCTURE.includes(tag));
}

function tagsOf(element: HTMLElement): Set<string> {
  const names = [...element.querySelectorAll("*")].map(({ tagName }) => tagName.toLowerCase());
  return new Set(names.map((name) => SAME[name] ?? name).filter((name) => name !== ""));
}
