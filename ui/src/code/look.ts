/** What the code views have in common: colours, language, the words of their search. */
import { LanguageDescription, syntaxHighlighting } from "@codemirror/language";
import { languages } from "@codemirror/language-data";
import { highlightSelectionMatches, search } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { t } from "../i18n";
import { page } from "../page";
import "./code.css";

const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--sheet)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", fontSize: "0.875rem", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)", paddingBlock: "0.5rem" },
  ".cm-content:focus-visible": { outline: "none" },
  ".cm-gutters": {
    backgroundColor: "var(--sheet)",
    color: "var(--quiet)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--sunken) 60%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--sunken)", color: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "2px" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground":
    { backgroundColor: "var(--code-selection)" },
  ".cm-matchingBracket": { outline: "1px solid var(--edge)", backgroundColor: "transparent" },
  ".cm-selectionMatch": { backgroundColor: "var(--accent-sheet)" },
  ".cm-searchMatch": { backgroundColor: "var(--help-sheet)", outline: "1px solid var(--help)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--text)" },
  ".cm-panels input": { width: "auto !important" },
  ".cm-changed": {
    backgroundColor: "var(--code-mark)",
    boxShadow: "inset 3px 0 var(--code-mark-edge)",
  },
});

const PHRASES = [
  "Find",
  "Replace",
  "next",
  "previous",
  "all",
  "match case",
  "regexp",
  "by word",
  "replace",
  "replace all",
  "close",
  "current match",
  "on line",
  "replaced match on line $",
  "replaced $ matches",
  "Go to line",
  "go",
];

/** For every view of code; `label` is its name for screen readers. */
export function look(label: string): Extension {
  return [
    // The page's policy allows these styles by their nonce.
    page.nonce === "" ? [] : EditorView.cspNonce.of(page.nonce),
    theme,
    EditorView.editorAttributes.of({ class: "code" }),
    EditorView.contentAttributes.of({ "aria-label": label }),
    syntaxHighlighting(classHighlighter),
    lineNumbers(),
    drawSelection(),
    search({ top: true }),
    highlightSelectionMatches(),
    EditorState.phrases.of(phrases()),
  ];
}

function phrases(): Record<string, string> {
  const key = (phrase: string): string => phrase.replace(/[ $]+/g, "_");
  return Object.fromEntries(
    PHRASES.map((phrase) => [phrase, t(`class.code.search.${key(phrase)}`)]),
  );
}

/** The language that a file's name speaks of, once its parser has come; nothing for plain text. */
export async function languageOf(filename: string): Promise<Extension> {
  const name = filename.slice(filename.lastIndexOf("/") + 1);
  const language = LanguageDescription.matchFilename(languages, name);
  try {
    return (await language?.load()) ?? [];
  } catch {
    // Without the network the text is shown without colours.
    return [];
  }
}
