/** Where a call for help stands, in words. */
import { t } from "../i18n";
import type { PlaceInQueue } from "../wire/generated";

export function queueText(at: PlaceInQueue | undefined): string | undefined {
  if (at === undefined || at.place === null) {
    return undefined;
  }
  const { place, estimate_s: seconds, by, is_paused: isPaused } = at;
  if (place === 0) {
    return by === undefined ? t("study.help.taken") : t("study.help.taken_by", { name: by });
  }
  if (isPaused === true) {
    return t("study.help.paused", { place });
  }
  const standing = t("study.help.place", { place });
  if (seconds === undefined) {
    return standing;
  }
  const minutes = Math.max(1, Math.round(seconds / 60));
  return `${standing} ${t("study.help.estimate", { minutes })}`;
}
