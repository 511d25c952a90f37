import { has, t } from "../i18n";
import type { Refusal } from "../wire/teacher";

/** What a refusal means, in the visitor's language if it is one that we know. */
export function problemText(answer: Refusal): string {
  const key = `classroom.problem.${answer.code}`;
  const seconds = Math.ceil(answer.retryAfterS ?? 1);
  return has(key) ? t(key, { seconds }) : answer.message.replace(/^Error: /, "");
}
