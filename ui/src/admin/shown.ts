/** Numbers and times as the page's language writes them. */
import { language, t } from "../i18n";

export function count(value: number): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: 0 }).format(value);
}

/** What happens in a second: small rates with a digit more. */
export function perSecond(value: number): string {
  const maximumFractionDigits = value < 10 ? 1 : 0;
  return new Intl.NumberFormat(language, { maximumFractionDigits }).format(value);
}

export function milliseconds(value: number): string {
  return t("admin.units.ms", { value: perSecond(value) });
}

export function percent(value: number): string {
  return t("admin.units.percent", { value: perSecond(value) });
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function bytes(value: number): string {
  if (value < 1000) {
    return t("admin.units.bytes", { value: count(value) });
  }
  const power = Math.floor(Math.log10(value) / 3);
  const step = Math.min(UNITS.length - 1, power);
  const shown = value / 1000 ** step;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: UNITS[step] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits: shown < 100 ? 1 : 0,
  }).format(shown);
}

export function metres(value: number): string {
  const shown = new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value);
  return t("map.metres", { metres: shown });
}

export function degrees(value: number): string {
  return new Intl.NumberFormat(language, {
    minimumFractionDigits: 4,
    maximumFractionDigits: 5,
  }).format(value);
}

/** The two largest parts of a duration. */
export function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) {
    return t("admin.units.days", { days, hours });
  }
  return hours > 0
    ? t("admin.units.hours", { hours, minutes })
    : t("admin.units.minutes", { minutes, seconds: Math.floor(seconds) % 60 });
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "3 minutes ago", seen from `now`. */
export function ago(time: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  const [unit, length] = STEPS.find(([, size]) => seconds >= size) ?? ["second", 1];
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  // Every second would be a nervous column: the first minute is one step.
  return unit === "second"
    ? t("admin.units.just_now")
    : format.format(-Math.floor(seconds / length), unit);
}

/** A time of a log, which is UTC, where the visitor is. */
export function logTime(timestamp: string): string {
  return moment(`${timestamp.replace(" ", "T")}Z`);
}

export function moment(time: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(
    new Date(time),
  );
}

export function clock(seconds: number): string {
  return new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23" }).format(
    seconds * 1000,
  );
}

/** What a refusal says, if there are words of ours for it. */
export function refusal(answer: { code: string; detail: string; retryAfterS: number }): string {
  const known = ["unreachable", "rate_limited", "wrong_password", "not_allowed"];
  return known.includes(answer.code)
    ? t(`admin.problems.${answer.code}`, { seconds: Math.max(1, answer.retryAfterS) })
    : t("admin.problems.other", { detail: answer.detail });
}
