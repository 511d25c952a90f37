/** What the history knows last of a student's files; what reads it comes when it is needed. */
import type { Source } from "../replay/reading";
import type { ProjectFile } from "./project";

/** Nothing if nothing was recorded, or it cannot be had. */
export async function lastRecorded(source: Source): Promise<ProjectFile[]> {
  try {
    const [{ readHistory }, { EMPTY, extended }] = await Promise.all([
      import("../replay/reading"),
      import("../replay/history"),
    ]);
    let history = EMPTY;
    const outcome = await readHistory(source, 0, (lines) => (history = extended(history, lines)));
    return outcome === "read" ? filesOf(history.last) : [];
  } catch {
    return [];
  }
}

export function filesOf(files: ReadonlyMap<string, string>): ProjectFile[] {
  return [...files].map(([filename, content]) => ({ filename, content }));
}
