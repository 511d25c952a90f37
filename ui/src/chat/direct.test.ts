import { describe, expect, it } from "vitest";
import type { ChatSaid } from "../wire/generated";
import { Declined, type Asked } from "./asking";
import { isAmbiguous, knownOutside, openWith, otherIn, titleOf } from "./direct";
import { emptyState, type Chat, type State } from "./model";
import { reduce } from "./reduce";

const [ME, BEN, CAT] = ["111", "222", "333"] as const;
const NAMES = { [ME]: "Ann", [BEN]: "Ben", [CAT]: "Cat" };

const person = (phone: keyof typeof NAMES) => ({ phone, name: NAMES[phone], awaySince: null });

function stateWith(chats: Record<string, (keyof typeof NAMES)[]>): State {
  const told = Object.entries(chats).map(([name, members]) => ({
    name,
    members: members.map(person),
    owner: ME,
  }));
  return reduce(emptyState(ME), { type: "told", at: 0, chats: told });
}

function chatIn(state: State, name: string): Chat {
  const chat = state.chats[name];
  if (chat === undefined) {
    throw new Error(`there is no chat ${name}`);
  }
  return chat;
}

/** A server that declines some of what is asked, by its code. */
function server(declined: Record<string, string> = {}) {
  const asked: string[] = [];
  const ask = (what: Asked): Promise<ChatSaid> => {
    const line = Object.values(what).join(" ");
    asked.push(line);
    const code = declined[line];
    return code === undefined
      ? Promise.resolve({ type: "chat_deleted", chat: "" })
      : Promise.reject(new Declined(code, code));
  };
  return { asked, ask };
}

describe("writing to a member", () => {
  const team = stateWith({ team: [ME, BEN, CAT] });

  it("makes a chat of two, named by both", async () => {
    const { asked, ask } = server();
    expect(await openWith(BEN, team, "Ann", ask)).toBe("Ann ↔ Ben");
    expect(asked).toEqual(["create_chat Ann ↔ Ben", "add_member Ann ↔ Ben 222"]);
  });

  it("goes to the one that is there, whoever made it and whatever they are called now", async () => {
    const { asked, ask } = server();
    const state = stateWith({ pair: [ME, BEN], "Benny ↔ Ann": [BEN, ME] });
    expect(await openWith(BEN, state, "Ann", ask)).toBe("Benny ↔ Ann");
    expect(asked).toEqual([]);
  });

  it("finds a name beside that of others who are called the same", async () => {
    const { ask } = server({ "create_chat Ann ↔ Ben": "name_taken" });
    expect(await openWith(BEN, team, "Ann", ask)).toBe("Ann ↔ Ben 2");
  });

  it("leaves nothing behind if the other one cannot be added", async () => {
    const { asked, ask } = server({ "add_member Ann ↔ Ben 222": "limit_reached" });
    await expect(openWith(BEN, team, "Ann", ask)).rejects.toThrow("limit_reached");
    expect(asked.at(-1)).toBe("delete_chat Ann ↔ Ben");
  });

  it("cuts names that are too long for two of them", async () => {
    const { ask } = server();
    const name = await openWith(BEN, team, "🙂".repeat(100), ask);
    expect([...name].length).toBeLessThanOrEqual(100);
  });
});

describe("a chat of two", () => {
  const state = stateWith({ "Ann ↔ Ben": [ME, BEN], "Ann ↔ all": [ME, BEN, CAT], pair: [ME, BEN] });

  it.each([
    ["Ann ↔ Ben", BEN, "Ben"],
    ["Ann ↔ all", undefined, "Ann ↔ all"],
    ["pair", undefined, "pair"],
  ])("is called by the other one: %s", (name, other, title) => {
    expect(otherIn(chatIn(state, name), ME)).toBe(other);
    expect(titleOf(chatIn(state, name), state)).toBe(title);
  });
});

describe("people", () => {
  const state = stateWith({ team: [ME, BEN], other: [ME, CAT] });

  it("of other chats can be added by name", () => {
    expect(knownOutside(chatIn(state, "team"), state).map(({ name }) => name)).toEqual(["Cat"]);
  });

  it("of one name are told apart by their numbers", () => {
    const twins = reduce(state, {
      type: "messages",
      messages: [],
      senders: [{ ...person(BEN), name: "Ann" }],
      missed: false,
    });
    expect(isAmbiguous(BEN, chatIn(twins, "team"), twins)).toBe(true);
    expect(isAmbiguous(BEN, chatIn(state, "team"), state)).toBe(false);
  });
});
