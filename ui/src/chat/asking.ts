/** Operations and their answers: the protocol answers with what happened, or with an error. */
import type { ChatAsked, ChatSaid, ShownChat, ShownUser } from "../wire/generated";
import { phoneOf } from "./identity";
import type { Phone } from "./model";
import { phoneIn } from "./said";

export type Asked = Extract<
  ChatAsked,
  { type: "create_chat" | "add_member" | "remove_member" | "delete_chat" | "reset_token" }
>;

/** Why something that was asked did not happen; `code` is the server's, or `lost`. */
export class Declined extends Error {
  constructor(
    readonly code: string,
    detail: string,
    readonly retryAfterS = 0,
  ) {
    super(detail);
  }
}

/** The connection ended before the answer. */
export const LOST = "lost";

interface Pending {
  asked: Asked;
  resolve: (answer: ChatSaid) => void;
  reject: (why: Declined) => void;
}

/** One operation at a time, so that an error has one meaning. */
export class Asking {
  private pending: Pending | undefined;

  constructor(private readonly me: Phone) {}

  /** What the server answers; `say` is false if there is no connection. */
  async ask(asked: Asked, say: (asked: Asked) => boolean): Promise<ChatSaid> {
    await this.untilFree();
    return new Promise((resolve, reject) => {
      if (say(asked)) {
        this.pending = { asked, resolve, reject };
      } else {
        reject(new Declined(LOST, "there is no connection"));
      }
    });
  }

  hear(said: ChatSaid): void {
    const { pending } = this;
    if (pending === undefined) {
      return;
    }
    if (said.type === "error" && said.operation === pending.asked.type) {
      this.pending = undefined;
      pending.reject(new Declined(said.code, said.detail, said.retry_after_s));
    } else if (answers(said, pending.asked, this.me)) {
      this.pending = undefined;
      pending.resolve(said);
    }
  }

  lose(): void {
    this.pending?.reject(new Declined(LOST, "the connection ended"));
    this.pending = undefined;
  }

  private async untilFree(): Promise<void> {
    while (this.pending !== undefined) {
      const { pending } = this;
      await new Promise<void>((resolve) => {
        const { resolve: done, reject: failed } = pending;
        pending.resolve = (answer) => [done(answer), resolve()];
        pending.reject = (why) => [failed(why), resolve()];
      });
    }
  }
}

function answers(said: ChatSaid, asked: Asked, me: Phone): boolean {
  switch (asked.type) {
    case "create_chat":
      // The server cleans the name, so that is not what it is known by.
      return said.type === "new_member" && isOnlyMember(said.chat, me);
    case "add_member":
      return said.type === "new_member" && isAbout(said.chat.name, said.user, asked);
    case "remove_member":
      return said.type === "member_removed" && isAbout(said.chat, said.user, asked);
    case "delete_chat":
      return said.type === "chat_deleted" && said.chat === asked.chat;
    case "reset_token":
      return said.type === "token";
  }
}

function isOnlyMember(chat: ShownChat, me: Phone): boolean {
  return chat.members.length === 1 && chat.members.every((member) => phoneIn(member) === me);
}

function isAbout(
  chat: string,
  user: ShownUser,
  asked: { chat: string; phone: string | number },
): boolean {
  return chat === asked.chat && phoneIn(user) === phoneOf(String(asked.phone));
}
