/** Times of a history, in the visitor's own. */
import { language } from "../i18n";

/** "10:42:05"; with the day, where that is not `today`'s. */
export function timeText(at: number, today: number): string {
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  const day = { day: "numeric", month: "short" } as const;
  const isToday = new Date(at).toDateString() === new Date(today).toDateString();
  return new Date(at).toLocaleString(language, isToday ? time : { ...day, ...time });
}
