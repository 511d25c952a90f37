/**
 * Which written message is sent next, and which one an echo belongs to.
 *
 * The protocol has no name that a client could give to a message: the echo carries the server's id
 * and the text. So that a message is sent neither twice nor never:
 *
 * 1. It is in the browser's database before it is sent, and goes from there in the transaction that
 *    keeps its echo. A reload at any point finds one or the other.
 * 2. One message of a phone is under way at a time, over all tabs of the browser (whoever sends holds
 *    a lease). So an `error` about `send_message` means that one, messages cannot overtake each other,
 *    and at most one is in doubt when a connection ends.
 * 3. Before it is sent, the last id that is known in its chat is noted with it. Its echo is the first
 *    message by us, in this chat, with this text and a larger id. What we said before in the same
 *    words has a smaller id, also when it is told once more.
 * 4. If the connection ends before the echo, the server tells after `register` whatever it has saved
 *    and we have not proven to have read. A second `register` is answered behind all of that (a long
 *    absence is told in parts), so what has not come back by then was not saved, and is sent again,
 *    with the old note: should the first copy appear after all, it counts.
 * 5. A copy may still hang in the dead connection: TCP sends again and again until its end is known
 *    to the server, at most about as long after the network's return as it has tried before. So the
 *    question of 4 waits as long as the message is old, within reason (`settleMs`), unless the server
 *    itself closed the connection: then it reads nothing more of it.
 *
 * What is left: the same words sent to the same chat from two devices in the same second, with one
 * connection dying there, are taken for each other; a copy that hangs for longer than rule 5 waits is
 * shown twice; and if another device of this phone proves the echo while we are away, it does not come
 * back to us. The protocol gives no means against these.
 */
import type { Message, Phone, Waiting } from "./model";

/** Longer than an unanswered message keeps its connection, so that two tabs never send at once. */
export const LEASE_MS = 20_000;
const LONGEST_SETTLE_MS = 10_000;

/** Who may send for a phone, of all tabs. */
export interface Lease {
  tab: string;
  until: number;
}

export type Claim =
  // Nobody has anything to send.
  | { type: "nothing" }
  // Another tab sends; come again when it may have died.
  | { type: "elsewhere"; until: number }
  // Ours is under way.
  | { type: "under_way"; waiting: Waiting }
  // It was sent on a connection that has ended: ask the server first.
  | { type: "doubtful"; waiting: Waiting }
  // Send this; that it is sent is noted already.
  | { type: "send"; waiting: Waiting };

export interface Claimant {
  tab: string;
  connection: string;
  now: number;
  /** The message about which the server was asked on this connection. */
  settled: number | null;
}

/** What the claimant may do. `lastId` tells the last id that is known in a chat. */
export function claim(
  queue: readonly Waiting[],
  lease: Lease | undefined,
  who: Claimant,
  lastId: (chat: string) => string,
): Claim {
  const first = queue.find((waiting) => waiting.refused === null);
  if (first === undefined) {
    return { type: "nothing" };
  }
  if (lease !== undefined && lease.tab !== who.tab && lease.until > who.now) {
    return { type: "elsewhere", until: lease.until };
  }
  if (first.sentOn === who.connection) {
    return { type: "under_way", waiting: first };
  }
  if (first.sentOn !== null && first.key !== who.settled) {
    return { type: "doubtful", waiting: first };
  }
  const sentAfter = first.sentOn === null ? lastId(first.chat) : first.sentAfter;
  return {
    type: "send",
    waiting: { ...first, sentOn: who.connection, sentAt: who.now, sentAfter },
  };
}

/** The waiting message whose echo this is. */
export function echoed(
  queue: readonly Waiting[],
  message: Message,
  me: Phone,
): Waiting | undefined {
  return message.from !== me
    ? undefined
    : queue.find(
        (waiting) =>
          waiting.sentOn !== null &&
          waiting.refused === null &&
          waiting.chat === message.chat &&
          waiting.text === message.text &&
          waiting.sentAfter < message.id,
      );
}

/** How long to wait before the server is asked about a message of a connection that has ended. */
export function settleMs(waiting: Waiting, now: number, isClosedByServer: boolean): number {
  return isClosedByServer ? 0 : Math.min(Math.max(now - waiting.sentAt, 0), LONGEST_SETTLE_MS);
}
