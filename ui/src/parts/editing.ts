/** The task editor in a test, and somebody at its keys. For tests only. */
import type { Editor } from "@tiptap/core";
import { vi } from "vitest";
import { RichEditor, type PictureInText } from "./richeditor";

// This browser lays nothing out; the editor asks where its text is, to scroll there.
const NOWHERE = { left: 0, right: 0, top: 0, bottom: 0, width: 0, height: 0, x: 0, y: 0 };
Range.prototype.getClientRects = () => [] as unknown as DOMRectList;
Range.prototype.getBoundingClientRect = () => NOWHERE as DOMRect;

export class Desk {
  /** What was written, change by change. */
  readonly written: string[] = [];
  readonly undescribed: PictureInText[][] = [];
  readonly lost = vi.fn<(count: number) => void>();
  readonly editor: RichEditor;
  readonly area: HTMLElement;

  constructor() {
    document.body.innerHTML = "<div></div>";
    const place = document.body.firstElementChild as HTMLElement;
    this.editor = new RichEditor(place, {
      label: "Task",
      changed: (html) => this.written.push(html),
      moved: () => undefined,
      undescribed: (pictures) => this.undescribed.push([...pictures]),
      lost: this.lost,
    });
    this.area = place.querySelector("[role=textbox]") as HTMLElement;
  }

  /** What the text has become. */
  get html(): string | undefined {
    return this.written.at(-1);
  }

  /** Another text, of which all that is written in it is selected. */
  select(html: string): this {
    this.editor.load(html);
    const { editor } = this.area as HTMLElement & { editor: Editor };
    editor.commands.setTextSelection({ from: 1, to: editor.state.doc.content.size - 1 });
    return this;
  }

  /** Whether the editor took the key for itself. */
  press(key: string, more: KeyboardEventInit = {}): boolean {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
    this.area.dispatchEvent(event);
    return event.defaultPrevented;
  }

  close(): void {
    this.editor.destroy();
  }
}
