/** All that a student has written: what the files were after any number of edits. Pure. */
import type { Edit, Files, Line, Mark } from "./lines";

/** A mark, and how many edits were made before. */
export interface PlacedMark extends Mark {
  index: number;
}

export interface History {
  readonly edits: readonly Edit[];
  readonly marks: readonly PlacedMark[];
  /** The files before the first edit, and after each `FRAME_EDITS` more. */
  readonly frames: readonly Files[];
  /** The files after the last edit. */
  readonly last: Files;
}

/** What one edit has done to its file. */
export interface Shown {
  files: Files;
  /** The edit that was just made. */
  edit: Edit | undefined;
  /** What its file was before. */
  before: string;
}

/** So many are played to show any point: a hundredth of what a second glance would notice. */
export const FRAME_EDITS = 128;

const NONE: Files = new Map();
export const EMPTY: History = { edits: [], marks: [], frames: [NONE], last: NONE };

/** The history with further lines; what it has already (a mark is told again) changes nothing. */
export function extended(history: History, lines: Iterable<Line>): History {
  const edits = [...history.edits];
  const marks = [...history.marks];
  const frames = [...history.frames];
  const known = new Set(marks.map(({ id }) => id));
  let last = new Map(history.last);
  let newest = edits.at(-1)?.seq ?? 0;
  for (const line of lines) {
    if ("files" in line) {
      // Later ones say what follows from the edits before.
      if (edits.length === 0) {
        last = new Map(line.files);
        frames.splice(0, 1, line.files);
      }
    } else if ("mark" in line) {
      if (!known.has(line.mark.id)) {
        known.add(line.mark.id);
        marks.push({ ...line.mark, index: edits.length });
      }
    } else if (line.edit.seq >= newest) {
      newest = line.edit.seq;
      edits.push(line.edit);
      play(last, line.edit);
      if (edits.length % FRAME_EDITS === 0) {
        frames.push(new Map(last));
      }
    }
  }
  return { edits, marks, frames, last };
}

/** The files after so many edits. */
export function filesAt(history: History, index: number): Files {
  const frame = Math.floor(index / FRAME_EDITS);
  const files = new Map(history.frames[frame]);
  for (const edit of history.edits.slice(frame * FRAME_EDITS, index)) {
    play(files, edit);
  }
  return files;
}

/** The same, with what the last of these edits has changed. */
export function shownAt(history: History, index: number): Shown {
  const edit = history.edits[index - 1];
  if (edit === undefined) {
    return { files: filesAt(history, 0), edit, before: "" };
  }
  const files = new Map(filesAt(history, index - 1));
  const before = files.get(edit.filename) ?? "";
  play(files, edit);
  return { files, edit, before };
}

function play(files: Map<string, string>, edit: Edit): void {
  const { filename, start, removed, inserted } = edit;
  if (edit.isLast) {
    files.delete(filename);
    return;
  }
  const text = files.get(filename) ?? "";
  files.set(filename, text.slice(0, start) + inserted + text.slice(start + removed));
}
