/** Why tasks are not sent: checks that the teacher's own solution fails, or that have no names. */
import type { Label } from "../class/tasks";
import { t } from "../i18n";
import type { Task } from "../wire/generated";
import { hasBadName } from "./checklist";
import type { Trial } from "./trial.svelte";
import { whyText } from "./whywords";

/** A sentence about the first of them; undefined if nothing stands in the way. */
export function refusalOf(
  tasks: readonly Task[],
  trial: Pick<Trial, "of">,
  labels: ReadonlyMap<string, Label>,
): string | undefined {
  for (const task of tasks) {
    const title = labels.get(task.id)?.title ?? "";
    if (hasBadName(task.checks)) {
      return t("teaching.checks.bad_names", { title });
    }
    for (const { name, why } of trial.of(task) ?? []) {
      // What could not be run here may well pass.
      if (why !== undefined && why.kind !== "lost") {
        return t("teaching.checks.refused", { check: name, title, why: whyText(why) });
      }
    }
  }
  return undefined;
}
