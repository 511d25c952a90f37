/** One-to-one: an ordinary chat of two people, which is named by both. */
import type { ChatSaid } from "../wire/generated";
import { Declined, type Asked } from "./asking";
import type { Chat, Person, Phone, State } from "./model";

/** Tells these chats from others of two people; hardly anybody writes it by hand. */
const BETWEEN = " ↔ ";
/** Of each name; a chat's name has 100 characters at most. */
const NAME_LENGTH = 45;
/** So many pairs of the same two names are looked for room beside. */
const MOST_NAMES = 9;

type Ask = (asked: Asked) => Promise<ChatSaid>;

/** Who the other one is, of a chat of two that is named by both. */
export function otherIn({ name, members, gone }: Chat, me: Phone): Phone | undefined {
  const isOfTwo = gone === null && name.includes(BETWEEN) && members.length === 2;
  return isOfTwo && members.includes(me) ? members.find((phone) => phone !== me) : undefined;
}

/** What a chat is called here: one of two by the other one's name. */
export function titleOf(chat: Chat, { me, people }: State): string {
  const other = otherIn(chat, me);
  return (other !== undefined && people[other]?.name) || chat.name;
}

/** The name of the chat with somebody, which is made if there is none. Raises Declined. */
export async function openWith(
  phone: Phone,
  state: State,
  myName: string,
  ask: Ask,
): Promise<string> {
  const known = Object.values(state.chats).find((chat) => otherIn(chat, state.me) === phone);
  if (known !== undefined) {
    return known.name;
  }
  const name = await create([myName, state.people[phone]?.name ?? phone], ask);
  try {
    await ask({ type: "add_member", chat: name, phone });
  } catch (error) {
    await ask({ type: "delete_chat", chat: name }).catch(() => undefined); // nobody is in it
    throw error;
  }
  return name;
}

/** Other people may have the same two names, and names are unique on a server. */
async function create(names: readonly [string, string], ask: Ask, count = 1): Promise<string> {
  const both = names.map((name) => [...name].slice(0, NAME_LENGTH).join("")).join(BETWEEN);
  try {
    const name = count === 1 ? both : `${both} ${count}`;
    const made = await ask({ type: "create_chat", name });
    return made.type === "new_member" ? made.chat.name : name;
  } catch (error) {
    if (error instanceof Declined && error.code === "name_taken" && count < MOST_NAMES) {
      return create(names, ask, count + 1);
    }
    throw error;
  }
}

/** Whom this page knows by name, and who is not in the chat. */
export function knownOutside(chat: Chat, { people }: State): Person[] {
  return Object.values(people)
    .filter(({ phone, name }) => !chat.members.includes(phone) && name !== phone)
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Whether somebody's name alone does not say who it is. */
export function isAmbiguous(phone: Phone, chat: Chat, { people }: State): boolean {
  const name = people[phone]?.name;
  return chat.members.some((other) => other !== phone && people[other]?.name === name);
}
