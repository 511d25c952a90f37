/** What is known of one student's files. */
import type { File, UnsentFile } from "../wire/generated";
import { PersistentMap } from "./persistent";

export interface Entry {
  readonly content: string;
  /** Whether the student has changed it since the teacher looked at it last. */
  readonly isChanged: boolean;
  /** Which line was edited last, from 0; undefined if nobody has seen it change. */
  readonly line?: number | undefined;
}

export interface Project {
  readonly files: PersistentMap<string, Entry>;
  /** The one that was edited last. */
  readonly latest: string | undefined;
  /** Whether all of it has come: what was edited may come before. */
  readonly isWhole: boolean;
  /** What the student's program does not send: too large. What was shown of it before stays. */
  readonly leftOut: readonly UnsentFile[];
}

export const NO_PROJECT: Project = {
  files: PersistentMap.of<string, Entry>(),
  latest: undefined,
  isWhole: false,
  leftOut: [],
};

type IsHidden = (filename: string) => boolean;

/** The whole tree has come: for the first time, or again after a lost connection. */
export function replaceTree(before: Project, sent: readonly File[], isHidden: IsHidden): Project {
  let latest: string | undefined;
  const entries = sent
    .filter((file) => file.status !== "REMOVED")
    .map((file): [string, Entry] => {
      const known = before.files.get(file.filename);
      const content = file.content ?? "";
      if (known?.content === content) {
        return [file.filename, known];
      }
      // Of the first tree nobody knows what is new in it.
      const isChanged = before.isWhole || known !== undefined;
      latest = isChanged && !isHidden(file.filename) ? file.filename : latest;
      const line = known && editedLine(known.content, content);
      return [file.filename, { content, isChanged, line }];
    });
  const files = PersistentMap.of([...entries, ...stillShown(before, sent)]);
  return {
    files,
    latest: latest ?? stillThere(files, before.latest) ?? likelyMain(files, isHidden),
    isWhole: true,
    leftOut: before.leftOut,
  };
}

/** How many files do not come although a teacher may look for them; pictures and the like may be. */
export function missing({ leftOut }: Project): number {
  return leftOut.filter(({ why }) => why !== "binary").length;
}

function stillShown(before: Project, sent: readonly File[]): [string, Entry][] {
  const names = new Set(sent.map((file) => file.filename));
  return before.leftOut.flatMap(({ filename }): [string, Entry][] => {
    const entry = names.has(filename) ? undefined : before.files.get(filename);
    return entry === undefined ? [] : [[filename, entry]];
  });
}

/** Some files were edited, added or removed. */
export function updateFiles(before: Project, sent: readonly File[], isHidden: IsHidden): Project {
  let { files, latest } = before;
  for (const file of sent) {
    if (file.status === "REMOVED") {
      files = files.without(file.filename);
      latest = latest === file.filename ? undefined : latest;
      continue;
    }
    const content = file.content ?? "";
    const known = files.get(file.filename)?.content;
    if (known !== content) {
      const line = known === undefined ? undefined : editedLine(known, content);
      files = files.with(file.filename, { content, isChanged: true, line });
      latest = isHidden(file.filename) ? latest : file.filename;
    }
  }
  if (files === before.files) {
    return before;
  }
  latest ??= likelyMain(files, isHidden);
  return { ...before, files, latest };
}

/** The teacher has looked at a file. */
export function lookAt(project: Project, filename: string): Project {
  const entry = project.files.get(filename);
  if (!entry?.isChanged) {
    return project;
  }
  return { ...project, files: project.files.with(filename, { ...entry, isChanged: false }) };
}

/** The last line of what has changed: where the student is. */
function editedLine(before: string, after: string): number {
  const shorter = Math.min(before.length, after.length);
  let fromEnd = 0;
  while (fromEnd < shorter && isSameAt(before, after, fromEnd)) {
    fromEnd += 1;
  }
  return lineAt(after, after.length - fromEnd);
}

function isSameAt(before: string, after: string, fromEnd: number): boolean {
  return (
    before.charCodeAt(before.length - 1 - fromEnd) === after.charCodeAt(after.length - 1 - fromEnd)
  );
}

function lineAt(text: string, position: number): number {
  let line = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < position; at = text.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}

const LONGEST_LINE = 160;

/** Some lines of a file, long ones cut, and which of them was edited last. */
export interface Glance {
  /** The number of the first of them, from 0. */
  readonly first: number;
  readonly lines: readonly string[];
  readonly edited: number | undefined;
}

/**
 * As many lines as there is room for: those around the edited one, with more before it than behind;
 * without one, the last.
 */
export function glanceAt(content: string, room: number, edited: number | undefined): Glance {
  const all = content.trimEnd().split("\n");
  const last = Math.max(0, all.length - room);
  const around = edited === undefined ? last : edited - Math.ceil((room - 1) * 0.6);
  const first = Math.max(0, Math.min(around, last));
  const lines = all.slice(first, first + room).map((line) => line.slice(0, LONGEST_LINE));
  const isShown = edited !== undefined && edited >= first && edited < first + lines.length;
  return { first, lines, edited: isShown ? edited : undefined };
}

function stillThere(files: Project["files"], filename: string | undefined): string | undefined {
  return filename !== undefined && files.has(filename) ? filename : undefined;
}

// Before anything was edited: a file that looks like the program, and not like its surroundings.
const CODE =
  /\.(c|cc|cpp|cs|css|go|h|hpp|html|java|js|jsx|kt|lua|php|py|r|rb|rs|scala|sql|swift|ts|tsx|vue)$/i;
const MAIN = /(^|\/)(main|index|app|program|solution|task\d*)\.[a-z]+$/i;

function likelyMain(files: Project["files"], isHidden: IsHidden): string | undefined {
  let best: string | undefined;
  let bestRank = Infinity;
  for (const filename of files.keys()) {
    const rank = isHidden(filename) ? Infinity : rankOf(filename);
    if (rank < bestRank) {
      best = filename;
      bestRank = rank;
    }
  }
  return best;
}

function rankOf(filename: string): number {
  const depth = filename.split("/").length;
  const kind = MAIN.test(filename) ? 0 : CODE.test(filename) ? 100 : 200;
  return kind + depth + (filename.startsWith(".") ? 1_000 : 0);
}
