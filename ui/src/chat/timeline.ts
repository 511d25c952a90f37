/** How a chat's messages are laid out: by day, by sender, with a line above what is new. */
import { isUnread, type Chat, type Message, type Open, type Phone, type Waiting } from "./model";

export type Row =
  | { type: "day"; key: string; at: number }
  | { type: "new"; key: string; count: number }
  | { type: "group"; key: string; from: Phone; name: string; isMine: boolean; lines: Line[] };

export interface Line {
  key: string;
  at: number;
  text: string;
  /** What has become of it: only our own wait. */
  status: "delivered" | "waiting" | "refused";
  waiting: Waiting | null;
}

/** Messages of one sender stand together when no more time lies between them. */
const TOGETHER_MS = 5 * 60_000;

export function layOut(
  chat: Chat,
  queue: readonly Waiting[],
  open: Open,
  me: Phone,
  /** The day of a moment, in the visitor's time zone. */
  dayOf: (at: number) => string,
): Row[] {
  const rows: Row[] = [];
  const seenUpto = { ...chat, readUpto: open.newAfter ?? "" };
  const isNew = (message: Message) => open.newAfter !== null && isUnread(message, seenUpto, me);
  let day = "";
  let isMarked = false;
  for (const message of chat.messages) {
    if (dayOf(message.at) !== day) {
      day = dayOf(message.at);
      rows.push({ type: "day", key: `day ${day} ${message.id}`, at: message.at });
    }
    if (!isMarked && isNew(message)) {
      isMarked = true;
      rows.push({ type: "new", key: "new", count: chat.messages.filter(isNew).length });
    }
    addLine(rows, message.from, message.name, message.from === me, delivered(message));
  }
  for (const waiting of queue) {
    if (waiting.chat === chat.name) {
      addLine(rows, me, "", true, written(waiting));
    }
  }
  return rows;
}

function addLine(rows: Row[], from: Phone, name: string, isMine: boolean, line: Line): void {
  const last = rows.at(-1);
  const lastAt = last?.type === "group" ? last.lines.at(-1)?.at : undefined;
  if (last?.type === "group" && last.from === from && line.at - (lastAt ?? 0) < TOGETHER_MS) {
    last.lines.push(line);
  } else {
    rows.push({ type: "group", key: `of ${line.key}`, from, name, isMine, lines: [line] });
  }
}

function delivered({ id, at, text }: Message): Line {
  return { key: id, at, text, status: "delivered", waiting: null };
}

function written(waiting: Waiting): Line {
  const status = waiting.refused === null ? "waiting" : "refused";
  return { key: `waiting ${waiting.key}`, at: waiting.at, text: waiting.text, status, waiting };
}
