/** What is known of one student's files. */
import type { File, UnsentFile } from "../wire/generated";
import { PersistentMap } from "./persistent";

export interface Entry {
  readonly content: string;
  /** Whether the student has changed it since the teacher looked at it last. */
  readonly isChanged: boolean;
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
      return [file.filename, { content, isChanged }];
    });
  const files = PersistentMap.of([...entries, ...stillShown(before, sent)]);
  return {
    files,
    latest: latest ?? stillThere(files, before.latest) ?? likelyMain(files, isHidden),
    isWhole: true,
    leftOut: before.leftOut,
  };
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
    if (files.get(file.filename)?.content !== content) {
      files = files.with(file.filename, { content, isChanged: true });
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

const LONGEST_LINE = 160;

/** The last lines of a text, without the empty ones at its end; long lines are cut. */
export function tailOf(content: string, lines: number): string {
  let end = content.length;
  while (end > 0 && isSpace(content.charCodeAt(end - 1))) {
    end -= 1;
  }
  let start = end + 1;
  for (let found = 0; found < lines && start > 0; found++) {
    // Just behind the line break before, or 0.
    start = start < 2 ? 0 : content.lastIndexOf("\n", start - 2) + 1;
  }
  const tail = content.slice(start, end);
  return tail.length <= LONGEST_LINE
    ? tail
    : tail
        .split("\n")
        .map((line) => line.slice(0, LONGEST_LINE))
        .join("\n");
}

function isSpace(code: number): boolean {
  return code === 10 || code === 13 || code === 32 || code === 9;
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
