/** What versions of a student are compared with: what tasks begin with, and their solutions. Pure. */
import { exercisesOf, labelsOf } from "../class/tasks";
import { t } from "../i18n";
import type { Reference } from "../replay/replay.svelte";
import type { Task, TaskFile } from "../wire/generated";

export type Compared = Pick<Task, "id" | "title" | "type" | "folder" | "files" | "solution">;

/** In the order of the tasks; what a task does not have is not among them. */
export function referencesOf(tasks: readonly Compared[]): Reference[] {
  const labels = labelsOf(tasks);
  return exercisesOf(tasks).flatMap(({ id, folder, files, solution = [] }) => {
    const title = labels.get(id)?.title ?? id;
    const found = [
      { key: `start/${id}`, label: t("classroom.panel.start_of", { title }), files },
      {
        key: `solution/${id}`,
        label: t("classroom.panel.solution_of", { title }),
        files: solution,
      },
    ];
    return found
      .filter((each) => each.files.length > 0)
      .map((each) => ({ ...each, files: filesIn(folder, each.files) }));
  });
}

function filesIn(folder: string, files: readonly TaskFile[]): Reference["files"] {
  const below = folder === "" ? "" : `${folder}/`;
  return new Map(files.map(({ filename, content }) => [below + filename, content]));
}
