/**
 * Which written message is sent next, and which one an echo belongs to.
 *
 * 1. A message is in the browser's database before it is sent, with a key of its own, and goes from
 *    there in the transaction that keeps its echo. A reload at any point finds one or the other.
 * 2. It is sent on every new connection until its echo has come. For a day the server takes a message
 *    with the same key for the same one, and answers with the echo of the first: so it is neither lost
 *    nor said twice, whatever hangs in a dead connection.
 * 3. One message of a phone is under way at a time, over all tabs of the browser (whoever sends holds
 *    a lease), so messages cannot overtake each other.
 *
 * What is left: a message that was saved, whose echo never came, and which this browser repeats after
 * more than a day, is said twice.
 */
import type { Message, Phone, Waiting } from "./model";

/** Longer than an unanswered message keeps its connection, so that two tabs never send at once. */
export const LEASE_MS = 20_000;

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
  // Send this; that it is sent is noted already.
  | { type: "send"; waiting: Waiting };

export interface Claimant {
  tab: string;
  connection: string;
  now: number;
}

/** What the claimant may do. */
export function claim(queue: readonly Waiting[], lease: Lease | undefined, who: Claimant): Claim {
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
  return { type: "send", waiting: { ...first, sentOn: who.connection } };
}

/** The waiting message whose echo this is. */
export function echoed(
  queue: readonly Waiting[],
  message: Message,
  me: Phone,
): Waiting | undefined {
  return message.from !== me || message.wireKey === undefined
    ? undefined
    : queue.find((waiting) => waiting.wireKey === message.wireKey);
}
