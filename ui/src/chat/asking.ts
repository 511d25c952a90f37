/** Operations and their answers: the protocol answers with what happened, or with an error. */
import type { ChatAsked, ChatSaid } from "../wire/generated";
import type { Phone } from "./model";

export type Asked = Exclude<ChatAsked, { type: "register" | "send_message" }>;

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
  resolve: () => void;
  reject: (why: Declined) => void;
}

/** One operation at a time, so that an error has one meaning. */
export class Asking {
  private pending: Pending | undefined;

  constructor(private readonly me: Phone) {}

  /** `say` is false if there is no connection. */
  async ask(asked: Asked, say: (asked: Asked) => boolean): Promise<void> {
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
      pending.resolve();
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
        pending.resolve = () => [done(), resolve()];
        pending.reject = (why) => [failed(why), resolve()];
      });
    }
  }
}

function answers(said: ChatSaid, asked: Asked, me: Phone): boolean {
  switch (asked.type) {
    case "create_chat":
      return said.type === "new_member" && said.chat === asked.name && said.user.phone === me;
    case "add_member":
      return said.type === "new_member" && isAbout(said, asked);
    case "remove_member":
      return said.type === "member_removed" && isAbout(said, asked);
    case "delete_chat":
      return said.type === "chat_deleted" && said.chat === asked.chat;
  }
}

function isAbout(
  said: { chat: string; user: { phone: string } },
  asked: { chat: string; phone: string },
): boolean {
  return said.chat === asked.chat && said.user.phone === asked.phone;
}
