/** What somebody drops or chooses, as one archive: a folder is walked no further than the server takes one. */
import { zip, type Entry } from "../parts/zip";

export const MOST_NAMES = 1_000;
/** Of an archive; ours is not compressed, so it is as large as what is in it. */
export const LIMIT_BYTES = 5_000_000;
/** What programs keep beside one's own files: thousands, and no part of any task. */
const NOT_OURS = new Set([".git", "node_modules", "__pycache__", "__MACOSX", ".venv"]);

export interface FoundFile {
  path: string;
  file: File;
}

/** It has more names, or is larger, than the server takes. */
export class FolderTooLarge extends Error {}

/** The one archive among them, or all of them as one. */
export async function archiveOf(found: readonly FoundFile[]): Promise<Blob> {
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0 && isArchive(first.file)) {
    return first.file;
  }
  const entries: Entry[] = [];
  for (const { path, file } of found) {
    entries.push({ filename: path, content: new Uint8Array(await file.arrayBuffer()) });
  }
  return new Blob([zip(entries)], { type: "application/zip" });
}

/** What a field for files, or for a folder, has. */
export function chosenFiles(list: FileList | null): FoundFile[] {
  const found = [...(list ?? [])].map((file) => ({
    path: file.webkitRelativePath || file.name,
    file,
  }));
  const ours = found.filter(({ path }) => !path.split("/").some((name) => NOT_OURS.has(name)));
  bound(ours);
  return ours;
}

/** To be asked while it is dropped: afterwards the browser knows nothing of it any more. */
export function droppedEntries(data: DataTransfer | null): FileSystemEntry[] {
  return [...(data?.items ?? [])].flatMap((item) => item.webkitGetAsEntry() ?? []);
}

/** The files below; tells how many there are so far. */
export async function filesBelow(
  entries: readonly FileSystemEntry[],
  heard: (count: number) => void,
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for await (const file of walked(entries)) {
    found.push(file);
    bound(found);
    heard(found.length);
  }
  return found;
}

async function* walked(entries: readonly FileSystemEntry[]): AsyncGenerator<FoundFile> {
  for (const entry of entries.filter(({ name }) => !NOT_OURS.has(name))) {
    if (entry.isDirectory) {
      yield* walked(await within(entry as FileSystemDirectoryEntry));
    } else {
      const file = await fileOf(entry as FileSystemFileEntry);
      yield { path: entry.fullPath.replace(/^\//, ""), file };
    }
  }
}

/** Browsers give a hundred at a time, and none at the end. */
async function within(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) {
      return all;
    }
    all.push(...some);
    if (all.length > MOST_NAMES) {
      throw new FolderTooLarge();
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function bound(found: readonly FoundFile[]): void {
  const bytes = found.reduce((sum, { file }) => sum + file.size, 0);
  if (found.length > MOST_NAMES || bytes > LIMIT_BYTES) {
    throw new FolderTooLarge();
  }
}

function isArchive({ name, type }: File): boolean {
  return /\.zip$/i.test(name) || type === "application/zip";
}
