import { language, t } from "../i18n";
import { countOf, type KeptTasks } from "./keeping";

/** What kept tasks are called for people: how many, of which class, of when. */
export function keptTitle({ room, at, steps }: KeptTasks): string {
  const when = new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(at);
  return t("tasks.kept", { count: countOf(steps), room: String(room), when });
}
