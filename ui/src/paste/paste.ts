/** What the task editor does with what is pasted or dropped. */
import { DOMParser as ModelParser, Slice } from "@tiptap/pm/model";
import { TextSelection } from "@tiptap/pm/state";
import type { EditorProps, EditorView } from "@tiptap/pm/view";
import { parseInert, withoutStyles } from "../parts/richtext";
import { cleanHtml } from "./html";
import { htmlOfText } from "./text";

export interface Pasting {
  /** Pictures that are no part of the text yet; `alt` where the other program told it. */
  pictures: (files: readonly File[], alt: string | undefined) => void;
  /** So many pictures did not come along. */
  lost: (count: number) => void;
}

export function pasteProps({ pictures, lost }: Pasting): EditorProps {
  return {
    transformPastedHTML: (html) => {
      if (html.includes("data-pm-slice")) {
        return ownHtml(html);
      }
      const cleaned = cleanHtml(html);
      if (cleaned.lostPictures > 0) {
        lost(cleaned.lostPictures);
      }
      return cleaned.html;
    },
    clipboardTextParser: (text, context, isPlain, view) => {
      const page = parseInert(htmlOfText(text, isPlain));
      const parser = ModelParser.fromSchema(view.state.schema);
      return Slice.maxOpen(parser.parseSlice(page.body, { context }).content);
    },
    handlePaste: (_view: EditorView, { clipboardData }: ClipboardEvent) =>
      clipboardData !== null && takePictures(clipboardData, pictures),
    handleDrop: (view: EditorView, { dataTransfer, clientX, clientY }: DragEvent) => {
      const at = view.posAtCoords({ left: clientX, top: clientY })?.pos;
      if (dataTransfer === null || at === undefined || dataTransfer.files.length === 0) {
        return false;
      }
      const { tr } = view.state;
      view.dispatch(tr.setSelection(TextSelection.near(tr.doc.resolve(at))));
      return takePictures(dataTransfer, pictures);
    },
  };
}

/**
 * Takes the files when they are all there is. Word and Excel add a picture of the text that they
 * give; a browser that copies one picture adds its address, which not every student may reach.
 */
function takePictures(data: DataTransfer, pictures: Pasting["pictures"]): boolean {
  const files = [...data.files].filter(({ type }) => type.startsWith("image/"));
  const page = parseInert(data.getData("text/html"));
  const isTextToo = page.body.textContent.trim() !== "";
  if (files.length === 0 || isTextToo) {
    return false;
  }
  pictures(files, page.querySelector("img")?.getAttribute("alt") || undefined);
  return true;
}

/** The editor's own; it reads its styles under the other name. */
function ownHtml(html: string): string {
  return html.replace(/<[a-z][^<>]*>/gi, withoutStyles);
}
