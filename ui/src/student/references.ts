/** What a student may compare an earlier version with: what the task at hand gives. Pure. */
import { t } from "../i18n";
import type { Reference } from "../replay/replay.svelte";
import { pathOf } from "../run/subject";
import type { Task, TaskFile } from "../wire/generated";

export function referencesOf(task: Task | undefined): Reference[] {
  if (task === undefined) {
    return [];
  }
  const { files, solution = [] } = task;
  return [
    ...reference("start", t("study.start.files"), task, files),
    ...reference("solution", t("study.solution.title"), task, solution),
  ];
}

function reference(key: string, label: string, task: Task, files: readonly TaskFile[]) {
  const texts = files.map(({ filename, content }) => [pathOf(task, filename), content] as const);
  return texts.length === 0 ? [] : [{ key, label, files: new Map(texts) }];
}
