/** The time, as often as "3 minutes ago" needs it. */
import { language, t } from "../i18n";

const TICK_MS = 5_000;

class Clock {
  private time = $state(Date.now());

  constructor() {
    setInterval(() => (this.time = Date.now()), TICK_MS);
  }

  get now(): number {
    return this.time;
  }
}

export const clock = new Clock();

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
let format: Intl.RelativeTimeFormat | undefined;

/** "just now", "3 min. ago", "2 hr. ago". */
export function ago(at: number, now: number): string {
  const passed = now - at;
  if (passed < MINUTE_MS) {
    return t("classroom.just_now");
  }
  format ??= new Intl.RelativeTimeFormat(language, { style: "short" });
  return passed < HOUR_MS
    ? format.format(-Math.floor(passed / MINUTE_MS), "minute")
    : format.format(-Math.floor(passed / HOUR_MS), "hour");
}

/** For how many whole minutes, at least one. */
export function minutesSince(at: number, now: number): number {
  return Math.max(1, Math.floor((now - at) / MINUTE_MS));
}
