/** What went wrong, in the visitor's language. */
import { has, t } from "../i18n";
import { Declined } from "./asking";

/** By the stable code; what has no text of ours is told in the server's words. */
export function sayProblem(code: string, detail = "", seconds = 1): string {
  const key = `chat.error.${code}`;
  return has(key)
    ? t(key, { seconds: Math.max(1, Math.ceil(seconds)) })
    : t("chat.error.other", { detail: detail || code });
}

export function sayWhy(error: unknown): string {
  return error instanceof Declined
    ? sayProblem(error.code, error.message, error.retryAfterS)
    : sayProblem("internal");
}
