/**
 * An editor for the HTML of tasks, which is that of the Quill editor: its classes and styles survive,
 * and what is written here looks the same in it. Loaded only when somebody writes.
 */
import { Editor, type JSONContent } from "@tiptap/core";
import { DOMParser as ModelParser } from "@tiptap/pm/model";
import { NodeSelection } from "@tiptap/pm/state";
import { StarterKit } from "@tiptap/starter-kit";
import { pasteProps } from "../paste/paste";
import { blobOf, isTooLarge, pictureAddress } from "../paste/pictures";
import { asOurs, asQuill, lostTags } from "./quill";
import {
  headingView,
  Picture,
  plainPre,
  QuillBlocks,
  Styled,
  Subscript,
  Superscript,
} from "./richnodes";
import {
  changeTable,
  insertTable,
  Table,
  TableCell,
  TableHeader,
  TableRow,
  type TableCommand,
} from "./richtables";
import { richElements } from "./richtext";

export interface RichEditorOptions {
  label: string;
  /** Of every change by hand, and of no other. */
  changed: (html: string) => void;
  /** What the buttons show may have changed. */
  moved: () => void;
  /** Pictures were pasted, and nothing says what they show. */
  undescribed: (pictures: PictureInText[]) => void;
  /** HTML with addresses in place of pictures, as far as there are any to be had. */
  keepPictures?: ((html: string) => Promise<string>) | undefined;
  /** So many pictures could not be taken from another program, or are none. */
  lost: (count: number) => void;
}

export interface PictureInText {
  readonly position: number;
  readonly src: string;
  alt: string;
}

const INDENT = 4;

export class RichEditor {
  private readonly editor: Editor;
  private isLoading = false;
  /** After Escape, Tab leaves the text. */
  private isLeaving = false;

  constructor(
    parent: HTMLElement,
    private readonly options: RichEditorOptions,
  ) {
    this.editor = new Editor({
      element: parent,
      injectCSS: false,
      // Its rules for pasted text would make `__init__` bold: what is Markdown is decided before.
      enablePasteRules: ["link"],
      extensions: [
        StarterKit.configure({
          codeBlock: {
            HTMLAttributes: { class: "ql-syntax", spellcheck: "false" },
            enableTabIndentation: true,
            tabSize: INDENT,
          },
          heading: { levels: [1, 2, 3, 4, 5, 6] },
          link: {
            openOnClick: false,
            defaultProtocol: "https",
            // `main.py` is a file before it is a place in Paraguay.
            shouldAutoLink: (address) => /^(https?:\/\/|mailto:|www\.)/i.test(address),
            HTMLAttributes: { target: "_blank", rel: "noopener noreferrer", class: null },
          },
          trailingNode: false,
        }).extend({
          addExtensions() {
            return (this.parent?.() ?? []).map((each) =>
              each.name === "codeBlock"
                ? each.extend({ renderHTML: plainPre })
                : each.name === "heading"
                  ? each.extend({ addNodeView: () => headingView })
                  : each,
            );
          },
        }),
        Picture,
        Styled,
        Subscript,
        Superscript,
        QuillBlocks,
        Table,
        TableRow,
        TableCell,
        TableHeader,
      ],
      editorProps: {
        attributes: {
          role: "textbox",
          "aria-multiline": "true",
          "aria-label": options.label,
          class: "rich-area",
        },
        handleDOMEvents: { keydown: (_view, event) => this.isLeft(event) },
        ...pasteProps({
          pictures: (files, alt) => void this.addPictures(files, alt),
          lost: options.lost,
        }),
      },
      onUpdate: ({ editor }) => {
        if (!this.isLoading) {
          options.changed(asQuill(editor.getHTML()));
        }
      },
      onTransaction: ({ transaction }) => {
        options.moved();
        if (transaction.getMeta("paste") === true) {
          void this.settlePictures();
        }
      },
    });
  }

  /** Shows other HTML; returns what of it an edit would lose, as names of elements. */
  load(html: string): string[] {
    const element = richElements(html);
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
  setHeading(level: 0 | 1 | 2 | 3 | 4): void {
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

  /** Pictures from files, at the cursor; what they show is asked for unless `alt` says it. */
  async addPictures(files: readonly Blob[], alt?: string): Promise<void> {
    const addresses = await Promise.all(files.map(pictureAddress));
    const pictures = addresses.filter((src) => src !== undefined);
    if (pictures.length < files.length) {
      this.options.lost(files.length - pictures.length);
    }
    const content = pictures.map((src) => ({ type: "image", attrs: { src, alt: alt ?? null } }));
    if (content.length > 0) {
      this.editor.chain().focus().insertContent(content).run();
      this.askForDescriptions();
      await this.keepPictures();
    }
  }

  /** The picture that is selected. */
  get picture(): PictureInText | undefined {
    const { selection } = this.editor.state;
    return selection instanceof NodeSelection && selection.node.type.name === "image"
      ? pictureAt(selection.node.attrs, selection.from)
      : undefined;
  }

  describe(pictures: readonly PictureInText[]): void {
    const { tr } = this.editor.state;
    for (const { position, alt } of pictures) {
      tr.setNodeAttribute(position, "alt", alt);
    }
    this.editor.view.dispatch(tr);
  }

  addTable(): void {
    insertTable(this.editor);
  }

  changeTable(command: TableCommand): void {
    changeTable(this.editor, command);
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

  /** Escape, then Tab: the browser moves the focus. */
  private isLeft({ key }: KeyboardEvent): boolean {
    const isLeft = this.isLeaving && key === "Tab";
    this.isLeaving = key === "Escape" || (this.isLeaving && key === "Shift");
    return isLeft;
  }

  /** Makes pasted pictures small enough for a task, and asks what they show. */
  private async settlePictures(): Promise<void> {
    for (const src of new Set(this.pictures().map((picture) => picture.src))) {
      const blob = isTooLarge(src) ? blobOf(src) : undefined;
      const smaller = blob && (await pictureAddress(blob));
      if (smaller !== undefined) {
        this.replacePicture(src, smaller);
      }
    }
    this.askForDescriptions();
    await this.keepPictures();
  }

  /** What the text holds goes elsewhere while one writes on; whoever has left finds it as it was. */
  private async keepPictures(): Promise<void> {
    for (const src of new Set(this.pictures().map((picture) => picture.src))) {
      const kept = await this.options.keepPictures?.(src);
      if (kept !== undefined && kept !== src && !this.editor.isDestroyed) {
        this.replacePicture(src, kept);
      }
    }
  }

  private replacePicture(src: string, other: string): void {
    // Undoing goes back to what was written, not to where its pictures were.
    const tr = this.editor.state.tr.setMeta("addToHistory", false);
    for (const { position } of this.pictures().filter((picture) => picture.src === src)) {
      tr.setNodeAttribute(position, "src", other);
    }
    this.editor.view.dispatch(tr);
  }

  private askForDescriptions(): void {
    const { doc } = this.editor.state;
    const isUndescribed = ({ position }: PictureInText) =>
      doc.nodeAt(position)?.attrs["alt"] === null;
    const pictures = this.pictures().filter(isUndescribed);
    if (pictures.length > 0) {
      this.options.undescribed(pictures);
    }
  }

  private pictures(): PictureInText[] {
    const found: PictureInText[] = [];
    this.editor.state.doc.descendants(({ type, attrs }, position) => {
      if (type.name === "image") {
        found.push(pictureAt(attrs, position));
      }
    });
    return found;
  }
}

function pictureAt(attributes: Record<string, unknown>, position: number): PictureInText {
  const { src, alt } = attributes;
  return { position, src: String(src), alt: typeof alt === "string" ? alt : "" };
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
