import { describe, expect, it } from "vitest";
import type { ChatSaid } from "../wire/generated";
import {
  emptyState,
  sortedChats,
  totalUnread,
  unreadOf,
  type Message,
  type State,
  type Waiting,
} from "./model";
import { firstNew, reduce, type Happened } from "./reduce";
import { framesOf } from "./replay";
import { messagesIn, personOf, toldChat, toldChats } from "./said";

const ME = "111";

function message(id: string, more: Partial<Message> = {}): Message {
  return {
    id,
    chat: "team",
    from: "222",
    name: "Ben",
    at: Number(id),
    text: `text ${id}`,
    ...more,
  };
}

function came(...messages: Message[]): Happened {
  return { type: "messages", messages, senders: [], missed: false };
}

function missed(...messages: Message[]): Happened {
  return { type: "messages", messages, senders: [], missed: true };
}

const person = (phone: string) => ({ phone, name: phone, awaySince: null });
const team: Happened = {
  type: "told",
  at: 0,
  chats: [{ name: "team", owner: "222", members: ["222", ME, "333"].map(person) }],
};
const waiting: Waiting = {
  key: 1,
  chat: "team",
  text: "hi",
  at: 5,
  wireKey: "a1",
  refused: null,
};

function after(...happened: Happened[]): State {
  return happened.reduce(reduce, emptyState(ME));
}

function ids(state: State): string[] | undefined {
  return state.chats["team"]?.messages.map(({ id }) => id);
}

/** What the page makes of a frame, as its session does. */
function hear(state: State, said: ChatSaid): State {
  switch (said.type) {
    case "state":
      return reduce(state, { type: "told", chats: toldChats(said), at: 0 });
    case "message":
      return reduce(state, came(...messagesIn(said)));
    case "new_member":
      return reduce(state, {
        type: "member",
        chat: toldChat(said.chat),
        person: personOf(said.user),
        at: 0,
      });
    case "member_removed":
      return reduce(state, { type: "member_removed", chat: said.chat, phone: said.user.phone });
    case "chat_deleted":
      return reduce(state, { type: "deleted", chat: said.chat });
    default:
      return state;
  }
}

function groupsIn(state: State): Record<string, unknown> {
  return Object.fromEntries(
    Object.values(state.chats).map(({ name, members, owner }) => [name, { members, owner }]),
  );
}

describe("an old state and what happened since", () => {
  const told = framesOf("evening").flatMap((frame) => ("told" in frame ? [frame.told] : []));

  it("make the same as a fresh state, whenever one comes", () => {
    let state = emptyState(ME);
    for (const said of told) {
      if (said.type === "state") {
        // What a new page is told, and what this one knows already.
        const fresh = groupsIn(hear(emptyState(ME), said));
        expect(state.isKnown ? groupsIn(state) : fresh).toEqual(fresh);
      }
      state = hear(state, said);
    }
    const kinds = new Set(told.map(({ type }) => type));
    expect([...kinds].sort()).toEqual(
      ["chat_deleted", "member_removed", "message", "new_member", "state"].sort(),
    );
  });
});

describe("messages", () => {
  it("stand in the order of their ids, each once", () => {
    expect(
      ids(after(team, came(message("3"), message("1")), came(message("2"), message("3")))),
    ).toEqual(["1", "2", "3"]);
  });

  it("of others are unread until they are looked at", () => {
    const away = after(team, came(message("1"), message("2", { from: ME }), message("3")));
    expect(totalUnread(away)).toBe(2);
    const here = [
      { type: "opened", chat: "team" },
      { type: "looking", is: true },
    ] as const;
    expect(totalUnread(here.reduce(reduce, away))).toBe(0);
    expect(totalUnread(reduce(here.reduce(reduce, away), came(message("4"))))).toBe(0);
  });

  it("that are read in another tab are read here", () => {
    const state = after(team, came(message("1"), message("2")));
    expect(totalUnread(reduce(state, { type: "read", chat: "team", upto: "1" }))).toBe(1);
  });

  it("bring their chat to the top", () => {
    const two: Happened = {
      type: "told",
      at: 0,
      chats: ["a", "b"].map((name) => ({ name, owner: ME, members: [person(ME)] })),
    };
    const state = after(two, came(message("5", { chat: "b" })));
    expect(sortedChats(state).map(({ name }) => name)).toEqual(["b", "a"]);
  });
});

describe("the line above what is new", () => {
  const open: Happened = { type: "opened", chat: "team" };
  const look: Happened = { type: "looking", is: true };

  function lineIn(state: State): string | undefined {
    const chat = state.chats["team"];
    return chat && state.open ? firstNew(state.open, chat, ME)?.id : undefined;
  }

  it("stands where reading stopped, and stays while one reads", () => {
    const state = after(
      team,
      came(message("1")),
      { type: "read", chat: "team", upto: "1" },
      came(message("2"), message("3")),
      open,
      look,
    );
    expect(lineIn(state)).toBe("2");
  });

  it("does not come for what is read as it comes", () => {
    expect(lineIn(after(team, open, look, came(message("1"))))).toBeUndefined();
  });

  it("comes for what was missed, though the chat is open", () => {
    const state = after(team, came(message("1")), open, look, missed(message("2")));
    expect(lineIn(state)).toBe("2");
    expect(state.isLooking).toBe(false);
  });

  it("goes when one answers", () => {
    const state = after(team, came(message("1")), open, { type: "queue", queue: [waiting] });
    expect(lineIn(state)).toBeUndefined();
  });
});

describe("members", () => {
  it("inherit the chat by age when its owner leaves", () => {
    const state = after(team, { type: "member_removed", chat: "team", phone: "222" });
    expect(state.chats["team"]).toMatchObject({ owner: ME, members: [ME, "333"] });
  });

  it("who are just added know who else is there", () => {
    const chat = { name: "new", owner: "222", members: ["222", ME].map(person) };
    const state = after({ type: "member", chat, person: person(ME), at: 1 });
    expect(state.chats["new"]).toMatchObject({ owner: "222", members: ["222", ME] });
    expect(Object.keys(state.people).sort()).toEqual([ME, "222"]);
  });
});

describe("what was said before", () => {
  const older = (...messages: Message[]): Happened => ({ type: "older", chat: "team", messages });

  it("comes above what is there, and is nothing new", () => {
    const state = after(team, came(message("5")), older(message("3"), message("4")));
    expect(ids(state)).toEqual(["3", "4", "5"]);
    expect(state.chats["team"]?.readUpto).toBe("4");
  });

  it("is all there when nothing comes", () => {
    const state = after(team, came(message("5")), older());
    expect(state.chats["team"]?.isFromBeginning).toBe(true);
  });
});

describe("a chat that has gone", () => {
  const gone: Happened = { type: "deleted", chat: "team" };

  it("is off the list at once", () => {
    expect(after(team, gone).chats).toEqual({});
  });

  it("stays before the eyes of whoever has it open, until they turn away", () => {
    const state = after(team, came(message("1")), { type: "opened", chat: "team" }, gone);
    expect(state.chats["team"]).toMatchObject({ gone: "deleted", members: [] });
    expect(ids(state)).toEqual(["1"]);
    expect(reduce(state, { type: "opened", chat: null }).chats).toEqual({});
  });

  it("stays while it holds what was not sent", () => {
    const state = after(team, { type: "queue", queue: [waiting] }, gone);
    expect(state.chats["team"]?.gone).toBe("deleted");
    expect(reduce(state, { type: "dismissed", chat: "team" })).toMatchObject({
      chats: {},
      queue: [],
    });
  });

  it("begins anew when another of its name comes", () => {
    const state = after(team, came(message("1")), { type: "opened", chat: "team" }, gone, team);
    expect(ids(state)).toEqual([]);
    expect(state.chats["team"]?.gone).toBeNull();
  });

  it("comes back for what was written to it and is still in the queue", () => {
    const state = after({ type: "queue", queue: [waiting] }, { type: "told", chats: [], at: 0 });
    expect(state.chats["team"]?.gone).toBe("removed");
  });
});

describe("what was kept", () => {
  it("is merged with what the server has told", () => {
    const kept = {
      name: "team",
      members: [],
      owner: null,
      readUpto: "1",
      wholeUpto: "",
      activity: 9,
    };
    const state = after(team, came(message("2")), {
      type: "remembered",
      chats: [{ chat: kept, messages: [message("1"), message("2")] }],
    });
    expect(ids(state)).toEqual(["1", "2"]);
    expect(state.chats["team"]).toMatchObject({ owner: "222", activity: 9 });
    expect(state.chats["team"] && unreadOf(state.chats["team"], ME)).toBe(1);
  });
});
