/** What a conversation shows, as plain functions. */

/** A private message between the teacher and a student; `id` sorts by time. */
export interface Message {
  id: number;
  sender: number;
  content: string;
  /** ISO 8601. */
  at: string;
}

/** The day of a message in the visitor's calendar: where it changes, the conversation says so. */
export function dayOf(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime())
    ? ""
    : `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

export function timeText(at: string, language: string): string {
  return formatted(at, language, { hour: "2-digit", minute: "2-digit" });
}

export function dayText(at: string, language: string): string {
  return formatted(at, language, { weekday: "long", day: "numeric", month: "long" });
}

function formatted(at: string, language: string, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString(language, options);
}
