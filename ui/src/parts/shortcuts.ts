/** What keys do, for the sheet that `?` opens: on every page, and on each. */
import { t } from "../i18n";

export interface Shortcut {
  /** What is pressed together, or one after the other, as it is called on keyboards. */
  keys: readonly string[];
  text: string;
}

type Entry = readonly [keys: readonly string[], name: string];

const EVERYWHERE: readonly Entry[] = [
  [["?"], "sheet"],
  [["Esc"], "close"],
];
const WRITING: readonly Entry[] = [
  [["Enter"], "send"],
  [["Shift", "Enter"], "line"],
];
const EDITOR: readonly Entry[] = [
  [["Tab"], "indent"],
  [["Esc", "Tab"], "leave_editor"],
];
const HISTORY: readonly Entry[] = [
  [["Space"], "play"],
  [["←", "→"], "edits"],
  [["Shift", "←", "→"], "marks"],
];
const OF_PAGE: Readonly<Record<string, readonly Entry[]>> = {
  classroom: [
    [["←", "→"], "tabs"],
    [["←", "↑", "↓", "→"], "board"],
    [["N"], "next_call"],
    [["Esc"], "close_student"],
    ...HISTORY,
    ...EDITOR,
    ...WRITING,
  ],
  student: [...EDITOR, [["Ctrl", "Enter"], "run"], [["Ctrl", "F"], "find"], ...WRITING],
  chat: WRITING,
  nearby: WRITING,
};

export function shortcutsOf(page: string): Shortcut[] {
  return [...EVERYWHERE, ...(OF_PAGE[page] ?? [])].map(([keys, name]) => ({
    keys,
    text: t(`shared.keys.${name}`),
  }));
}

/** Whether a key that was pressed asks for the sheet, and is not part of a text. */
export function asksForSheet(event: KeyboardEvent): boolean {
  const isWriting =
    event.target instanceof Element &&
    event.target.closest("input, textarea, select, [contenteditable]") !== null;
  return event.key === "?" && !event.defaultPrevented && !isWriting;
}
