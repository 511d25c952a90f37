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

const JUST_NOW_MS = 10_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
let format: Intl.RelativeTimeFormat | undefined;

/** "just now", "20 sec. ago", "3 min. ago", "2 hr. ago". */
export function ago(at: number, now: number): string {
  const passed = now - at;
  if (passed < JUST_NOW_MS) {
    return t("classroom.just_now");
  }
  format ??= new Intl.RelativeTimeFormat(language, { style: "short" });
  const [unit, count] = inUnits(passed);
  return format.format(-count, unit);
}

/** "20 sec", "3 min", "2 hr"; nothing for what has only begun. */
export function lasting(since: number, now: number): string | undefined {
  const passed = now - since;
  if (passed < JUST_NOW_MS) {
    return undefined;
  }
  const [unit, count] = inUnits(passed);
  const style = { style: "unit", unit, unitDisplay: "short" } as const;
  return new Intl.NumberFormat(language, style).format(count);
}

/** Seconds by fives: the clock ticks no faster. */
function inUnits(passed: number): ["second" | "minute" | "hour", number] {
  if (passed < MINUTE_MS) {
    return ["second", Math.floor(passed / SECOND_MS / 5) * 5];
  }
  return passed < HOUR_MS
    ? ["minute", Math.floor(passed / MINUTE_MS)]
    : ["hour", Math.floor(passed / HOUR_MS)];
}
