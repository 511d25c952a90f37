/**
 * Asks the server for what was said before: on each new connection what this browser does not have
 * because another one of the same phone was told it, and whatever is scrolled to.
 *
 * One question is under way at a time, so that an error has one meaning. What is found out of a chat is
 * whether anything lies between what was kept here and its newest message; pages are read backwards
 * until nothing does. A hole that is too long for that is not kept: what is older than the last page is
 * forgotten here, and comes again when somebody scrolls to it.
 */
import type { ChatAsked, ChatSaid } from "../wire/generated";
import type { Chat, Message } from "./model";
import type { Happened } from "./reduce";

/** How many older messages are asked for at once. */
export const PAGE = 100;
/** So many pages are read to close a hole. */
export const MOST_PAGES = 5;
const AGAIN_MS = 3_000;

type Question = Extract<ChatAsked, { type: "history" }>;
type Answer = Extract<ChatSaid, { type: "history" }>;

/** The state of what is read backwards until it meets what is here. */
interface Check {
  chat: string;
  /** What is here up to this id is without a hole; "" if nothing is. */
  whole: string;
  /** The last message that was here when it began. What comes meanwhile may overtake an answer. */
  last: string;
  pages: number;
  /** The first message of the last page. */
  before: string | undefined;
}

export interface Shelf {
  chat: (name: string) => Chat | undefined;
  /** False if there is no connection to ask on. */
  say: (asked: Question) => boolean;
}

export class CatchUp {
  /** The chats of which the newest message on this connection is not known, the next one first. */
  private unchecked: string[] = [];
  private check: Check | undefined;
  /** The chat that somebody scrolls up. */
  private wanted: string | undefined;
  private asked: "newest" | "older" | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly shelf: Shelf) {}

  /** On a new connection: looks at these chats, in this order. */
  begin(chats: readonly string[]): void {
    this.lose();
    this.unchecked = [...chats];
    this.goOn();
  }

  /** Looks at one chat, before all others. */
  look(chat: string): void {
    if (this.check?.chat !== chat) {
      this.unchecked = [chat, ...this.unchecked.filter((name) => name !== chat)];
    }
    this.goOn();
  }

  /** Asks for what was said before the first message that is here. */
  older(chat: string): void {
    this.wanted = chat;
    this.goOn();
  }

  /** The connection is gone, with what was asked on it. */
  lose(): void {
    clearTimeout(this.timer);
    this.unchecked = [];
    this.check = this.wanted = this.asked = undefined;
  }

  /** What an answer means; `goOn` follows when that is known. */
  heard({ chat }: Answer, messages: readonly Message[]): Happened {
    const { asked, check } = this;
    this.asked = undefined;
    if (asked === "newest" && check?.chat === chat) {
      return this.found(check, messages);
    }
    return { type: "older", chat, messages };
  }

  /** The server declined what was asked; for now, or for good. */
  declined(isForNow: boolean): void {
    const { check } = this;
    this.asked = this.check = this.wanted = undefined;
    if (isForNow && check !== undefined) {
      this.unchecked.push(check.chat);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.goOn(), isForNow ? AGAIN_MS : 0);
  }

  goOn(): void {
    while (this.asked === undefined && this.hasNext()) {
      if (!this.ask()) {
        return;
      }
    }
  }

  private hasNext(): boolean {
    return this.check !== undefined || this.wanted !== undefined || this.unchecked.length > 0;
  }

  /** Asks the next question, or takes one off that has no meaning; false if nothing can be asked. */
  private ask(): boolean {
    if (this.check === undefined && this.wanted !== undefined) {
      const chat = this.shelf.chat(this.wanted);
      this.wanted = undefined;
      return chat === undefined || !hasMore(chat) || this.askOlder(chat);
    }
    this.check ??= this.nextCheck();
    return this.check === undefined || this.askNewest(this.check);
  }

  private nextCheck(): Check | undefined {
    const chat = this.shelf.chat(this.unchecked.shift() ?? "");
    return chat === undefined || chat.gone !== null
      ? undefined
      : {
          chat: chat.name,
          whole: wholeUpto(chat),
          last: chat.messages.at(-1)?.id ?? "",
          pages: 0,
          before: undefined,
        };
  }

  private askNewest({ chat, pages, before, whole }: Check): boolean {
    // Most often the server has told what was missed: then one message more is enough to know it.
    const told = this.shelf.chat(chat)?.messages.filter(({ id }) => id > whole).length ?? 0;
    const limit = pages === 0 ? Math.min(1 + told, PAGE) : PAGE;
    return this.say("newest", { type: "history", chat, limit, ...(before && { before }) });
  }

  private askOlder({ name, messages: [first] }: Chat): boolean {
    const before = first && { before: first.id };
    return this.say("older", { type: "history", chat: name, limit: PAGE, ...before });
  }

  private say(what: "newest" | "older", question: Question): boolean {
    const isSaid = this.shelf.say(question);
    this.asked = isSaid ? what : undefined;
    return isSaid;
  }

  private found(check: Check, messages: readonly Message[]): Happened {
    const { chat, pages, before, last } = check;
    const first = messages[0]?.id;
    const isMet = meets(check, first);
    const isDone = isMet || first === undefined || pages === MOST_PAGES;
    this.check = isDone ? undefined : { ...check, pages: pages + 1, before: first };
    return {
      type: "newest",
      chat,
      messages,
      isDone,
      // The server has nothing older, or much more than is worth to be read now.
      keptFrom: isDone && !isMet ? (first ?? before ?? justBehind(last)) : null,
    };
  }
}

/** Whether a page that begins with this message leaves nothing out. */
function meets({ whole }: Check, first: string | undefined): boolean {
  return whole === "" || (first !== undefined && first <= whole);
}

/** No id lies between an id and this. */
function justBehind(id: string): string {
  return `${id}~`;
}

function hasMore(chat: Chat): boolean {
  return chat.isWhole && !chat.isFromBeginning && chat.gone === null;
}

/** What is here up to this message is without a hole, as far as anybody knows. */
function wholeUpto(chat: Chat): string {
  return chat.wholeUpto || chat.readUpto || (chat.messages[0]?.id ?? "");
}
