/** What the server says, in the page's own words. */
import type { ChatMessage, ChatSaid, Entry, ShownChat, ShownUser } from "../wire/generated";
import { phoneOf } from "./identity";
import type { Message, Person, Phone } from "./model";
import type { ToldChat } from "./reduce";
import { momentOf } from "./times";

export function personOf(user: ShownUser): Person {
  const since = user.disconnection_date;
  return {
    phone: phoneIn(user),
    name: user.name,
    awaySince: since === null ? null : momentOf(since),
  };
}

/** A phone in the spelling that is compared: the server tells it as its owner wrote it. */
export function phoneIn(user: ShownUser): Phone {
  return phoneOf(user.phone) ?? user.phone;
}

export function messagesIn(said: ChatSaid): Message[] {
  switch (said.type) {
    case "message":
      return [messageOf(said.chat, said)];
    case "history":
      return said.messages.map((entry) => messageOf(said.chat, entry));
    case "state":
      return said.chats.flatMap(({ chat, messages }) =>
        messages.map((entry) => messageOf(chat.name, entry)),
      );
    default:
      return [];
  }
}

export function toldChats(said: Extract<ChatSaid, { type: "state" }>): ToldChat[] {
  return said.chats.map(({ chat }) => toldChat(chat));
}

export function toldChat(chat: ShownChat): ToldChat {
  return { name: chat.name, members: chat.members.map(personOf), owner: phoneIn(chat.owner) };
}

function messageOf(chat: string, entry: Entry | ChatMessage): Message {
  return {
    id: entry.id,
    chat,
    from: phoneIn(entry.from),
    name: entry.from.name,
    at: momentOf(entry.date),
    text: entry.message,
    ...("key" in entry && entry.key !== undefined && { wireKey: entry.key }),
  };
}
