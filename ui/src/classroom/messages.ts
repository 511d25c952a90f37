/** A conversation as a list without gaps and doubles, however often it is heard of. */
import type { CurrentMessage } from "../wire/generated";

/** The same list if the message is in it. */
export function addMessage(
  talk: readonly CurrentMessage[],
  message: CurrentMessage,
): readonly CurrentMessage[] {
  const last = talk.at(-1);
  if (last === undefined || last.id < message.id) {
    return [...talk, message];
  }
  return talk.some((known) => known.id === message.id) ? talk : joinMessages(talk, [message]);
}

/** Both lists as one, in order; the first one if it has everything. */
export function joinMessages(
  talk: readonly CurrentMessage[],
  more: readonly CurrentMessage[],
): readonly CurrentMessage[] {
  const known = new Set(talk.map((message) => message.id));
  const fresh = more.filter((message) => !known.has(message.id));
  return fresh.length === 0 ? talk : [...talk, ...fresh].sort((one, other) => one.id - other.id);
}

/** How many messages of the student are newer than what the teacher has seen. */
export function unreadOf(talk: readonly CurrentMessage[], student: number, readId: number): number {
  let count = 0;
  for (let index = talk.length - 1; index >= 0; index--) {
    const message = talk[index];
    if (message === undefined || message.id <= readId) {
      break;
    }
    count += message.sender === student ? 1 : 0;
  }
  return count;
}
