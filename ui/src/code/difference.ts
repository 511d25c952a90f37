/** What differs between the text of a view and another one: one below the other, in one column. */
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { t } from "../i18n";

// Where less than this is alike, folding it away would take as much room.
const LEAST_FOLDED_LINES = 8;

const theme = EditorView.theme({
  "&.cm-merge-b .cm-changedLine, &.cm-merge-b .cm-inlineChangedLine": {
    backgroundColor: "var(--good-sheet)",
  },
  "&.cm-merge-b .cm-changedText": { background: "none", boxShadow: "inset 0 -2px var(--good)" },
  "&.cm-merge-b .cm-deletedChunk": { backgroundColor: "var(--wrong-sheet)" },
  "&.cm-merge-b .cm-deletedChunk .cm-deletedText": {
    background: "none",
    boxShadow: "inset 0 -2px var(--wrong)",
  },
  "&.cm-merge-b .cm-changedLineGutter": { background: "var(--good)" },
  "&.cm-merge-b .cm-deletedLineGutter": { background: "var(--wrong)" },
  "&.cm-editor .cm-collapsedLines": {
    padding: "0.25rem 0.75rem",
    background: "var(--sunken)",
    color: "var(--quiet)",
    fontFamily: "system-ui, sans-serif",
  },
});

/** Shows what of `original` is no more, above what stands there now. */
export function difference(original: string): Extension {
  return [
    theme,
    EditorState.phrases.of({ "$ unchanged lines": t("class.code.unchanged") }),
    unifiedMergeView({
      original,
      mergeControls: false,
      collapseUnchanged: { margin: 3, minSize: LEAST_FOLDED_LINES },
    }),
  ];
}
