/** What has to be sent to the teacher, from what was sent and what is there. Pure. */
import { isIgnored } from "../classroom/ignores";
import type { File, FileStatus, Ignores, UnsentFile } from "../wire/generated";
import type { ProjectFile } from "./project";

/** Contents by name, as the teacher knows them. */
export type Sent = ReadonlyMap<string, string>;

/** The server takes messages of a million bytes; names, quotes and escapes need room, too. */
export const BATCH_BYTES = 700_000;

/** What the teacher may see of a project, and what does not fit. */
export interface Shareable {
  there: Sent;
  leftOut: UnsentFile[];
}

/** `known` is what the teacher was shown before: of what no longer fits, that stays. */
export function shareable(files: readonly ProjectFile[], ignores: Ignores, known: Sent): Shareable {
  const there = new Map<string, string>();
  const leftOut: UnsentFile[] = [];
  for (const { filename, content } of files) {
    if (isIgnored(filename, ignores)) {
      continue;
    }
    if (fits(content)) {
      there.set(filename, content);
      continue;
    }
    leftOut.push({ filename, why: "too_large", size: jsonBytes(content), limit: BATCH_BYTES });
    const before = known.get(filename);
    if (before !== undefined) {
      there.set(filename, before);
    }
  }
  return { there, leftOut };
}

/** What the server does not keep beside the student's other files. */
export function tooMuch(files: readonly File[]): UnsentFile[] {
  return files
    .filter(({ status }) => status !== "REMOVED")
    .map((file) => ({ filename: file.filename, why: "too_much", size: sizeOf(file) }));
}

/** What to say of a file that does not fit: how large it is, and how large it may be. */
export function excess(content: string): number | undefined {
  return fits(content) ? undefined : jsonBytes(content);
}

/** The whole project, for a teacher who begins to watch. */
export function wholeTree(there: Sent): File[] {
  return [...there].map(([filename, content]) => asFile(filename, "CREATED", content));
}

/** What makes of that which was sent that which is there. */
export function differences(sent: Sent, there: Sent): File[] {
  const removed = [...sent.keys()].filter((filename) => !there.has(filename));
  const changed = [...there].filter(([filename, content]) => sent.get(filename) !== content);
  return [
    ...removed.map((filename) => asFile(filename, "REMOVED", "")),
    ...changed.map(([filename, content]) =>
      asFile(filename, sent.has(filename) ? "CHANGED" : "CREATED", content),
    ),
  ];
}

/** The same in portions that the server takes; there is always a first one. */
export function batches(files: readonly File[], limitBytes = BATCH_BYTES): File[][] {
  const portions: File[][] = [[]];
  let bytes = 0;
  for (const file of files) {
    const size = sizeOf(file);
    if (bytes + size > limitBytes && bytes > 0) {
      portions.push([]);
      bytes = 0;
    }
    portions.at(-1)?.push(file);
    bytes += size;
  }
  return portions;
}

/** What the teacher knows after these files have arrived. */
export function after(sent: Sent, files: readonly File[]): Sent {
  const next = new Map(sent);
  for (const { filename, status, content } of files) {
    if (status === "REMOVED") {
      next.delete(filename);
    } else {
      next.set(filename, content ?? "");
    }
  }
  return next;
}

/** Whether one file fits into a message at all. */
export function fits(content: string): boolean {
  // A character is at most six bytes: "\\u0000".
  return content.length * 6 <= BATCH_BYTES || jsonBytes(content) <= BATCH_BYTES;
}

function asFile(filename: string, status: FileStatus, content: string): File {
  return { filename, status, content };
}

function sizeOf({ filename, content }: File): number {
  return jsonBytes(filename) + jsonBytes(content ?? "") + 64;
}

function jsonBytes(text: string): number {
  return new TextEncoder().encode(JSON.stringify(text)).length;
}
