import { language, t } from "../i18n";
import { countOf, type KeptTasks } from "./keeping";

/** What kept tasks are called for people: how many, of which class, of when. */
export function keptTitle({ room, at, tasks }: KeptTasks): string {
  const when = new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(at);
  return t("tasks.kept", { count: countOf(tasks), room: String(room), when });
}
