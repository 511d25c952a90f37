/** Moments as people read them, in the page's language and the visitor's time zone. */
import { language } from "../i18n";

const DAY_MS = 24 * 60 * 60_000;

/** The server's "YYYY-MM-DD HH:MM:SS", which is UTC, in milliseconds. */
export function momentOf(date: string): number {
  return Date.parse(`${date.replace(" ", "T")}Z`);
}

export function dayOf(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

export function shownTime(at: number): string {
  return format({ hour: "2-digit", minute: "2-digit" }, at);
}

/** "Today", "Yesterday", "Friday, 13 November 2026". */
export function shownDay(at: number, now = Date.now()): string {
  const days = daysBetween(at, now);
  if (days === 0 || days === 1) {
    const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-days, "day");
    return words.charAt(0).toLocaleUpperCase(language) + words.slice(1);
  }
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const year = isThisYear ? {} : ({ year: "numeric" } as const);
  return format({ weekday: "long", day: "numeric", month: "long", ...year }, at);
}

/** For the list: the time today, the weekday this week, the date before. */
export function shownBriefly(at: number, now = Date.now()): string {
  const days = daysBetween(at, now);
  if (days <= 0) {
    return shownTime(at);
  }
  return days < 7
    ? format({ weekday: "short" }, at)
    : format({ day: "numeric", month: "short" }, at);
}

export function shownFully(at: number): string {
  return format({ dateStyle: "full", timeStyle: "medium" }, at);
}

/** "today at 14:05" in whatever words the language has. */
export function shownMoment(at: number, now = Date.now()): string {
  const days = daysBetween(at, now);
  if (days > 1) {
    return format({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }, at);
  }
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-days, "day");
  return `${words}, ${shownTime(at)}`;
}

function daysBetween(at: number, now: number): number {
  const midnight = (moment: number) => new Date(moment).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(at)) / DAY_MS);
}

/** As the visitor writes dates, if that is in the page's language: "en-GB" and not just "en". */
function locale(): string {
  return navigator.languages.find((other) => other.startsWith(language)) ?? language;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, at: number): string {
  const key = language + JSON.stringify(options);
  let known = formats.get(key);
  if (known === undefined) {
    known = new Intl.DateTimeFormat(locale(), options);
    formats.set(key, known);
  }
  return known.format(at);
}
