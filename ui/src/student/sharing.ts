/** What has to be sent to the teacher, from what was sent and what is there. Pure. */
import { isIgnored } from "../classroom/ignores";
import type { File, FileStatus, Ignores } from "../wire/generated";
import type { ProjectFile } from "./project";

/** Contents by name, as the teacher knows them. */
export type Sent = ReadonlyMap<string, string>;

/** The server takes messages of a million bytes; names, quotes and escapes need room, too. */
const BATCH_BYTES = 700_000;

/** What the teacher may see of a project. */
export function visible(files: readonly ProjectFile[], ignores: Ignores): Map<string, string> {
  return new Map(
    files
      .filter(({ filename, content }) => !isIgnored(filename, ignores) && fits(content))
      .map(({ filename, content }) => [filename, content]),
  );
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
