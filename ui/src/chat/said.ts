/** What the server says, in the page's own words. */
import type { ChatMessage, ChatSaid, Entry, ShownUser } from "../wire/generated";
import type { Message, Person } from "./model";
import type { ToldChat } from "./reduce";
import { momentOf } from "./times";

export function personOf(user: ShownUser): Person {
  const since = user.disconnection_date;
  return { phone: user.phone, name: user.name, awaySince: since === null ? null : momentOf(since) };
}

export function messagesIn(said: ChatSaid): Message[] {
  switch (said.type) {
    case "message":
      return [messageOf(said.chat, said)];
    case "state":
      return said.chats.flatMap(({ chat, messages }) =>
        messages.map((entry) => messageOf(chat.name, entry)),
      );
    default:
      return [];
  }
}

export function toldChats(said: Extract<ChatSaid, { type: "state" }>): ToldChat[] {
  return said.chats.map(({ chat }) => ({
    name: chat.name,
    members: chat.members.map(personOf),
    owner: chat.owner.phone,
  }));
}

function messageOf(chat: string, entry: Entry | ChatMessage): Message {
  return {
    id: entry.id,
    chat,
    from: entry.from.phone,
    name: entry.from.name,
    at: momentOf(entry.date),
    text: entry.message,
  };
}
