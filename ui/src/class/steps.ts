/** What a step is called for people: "Task 3", "Theory". */
import { t } from "../i18n";

export function stepTitle(name: string): string {
  return name === "theory" ? t("class.step.theory") : t("class.step.task", { number: name });
}
