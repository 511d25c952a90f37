import { beforeEach, describe, expect, it } from "vitest";
import { CatchUp, MOST_PAGES, PAGE } from "./catchup";
import { emptyState, unreadOf, type Chat, type Message, type State } from "./model";
import { reduce, type Happened } from "./reduce";

const ME = "111";

/** What the server has of the chat: messages with the ids from `first` to `last`. */
let kept: { first: number; last: number };
let asked: { limit?: number; before?: string | null }[];
let answered: number;
let state: State;
let catchUp: CatchUp;

const idOf = (number: number) => String(number).padStart(8, "0");

function messages(first: number, last: number): Message[] {
  const numbers = Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, index) => first + index,
  );
  return numbers.map((at) => ({
    id: idOf(at),
    chat: "team",
    from: "222",
    name: "Ben",
    at,
    text: `${at}`,
  }));
}

beforeEach(() => {
  kept = { first: 1, last: 10 };
  asked = [];
  answered = 0;
  state = emptyState(ME);
  happen({ type: "told", at: 0, chats: [{ name: "team", members: [], owner: ME }] });
  catchUp = new CatchUp({
    chat: (name) => state.chats[name],
    say: (question) => asked.push(question) > 0,
  });
});

function happen(happened: Happened): void {
  state = reduce(state, happened);
}

function team(): Chat {
  const chat = state.chats["team"];
  if (chat === undefined) {
    throw new Error("there is no chat");
  }
  return chat;
}

/** What the browser has kept, and had read. */
function remember(last: number, wholeUpto: number): void {
  const positions = { readUpto: idOf(last), wholeUpto: wholeUpto === 0 ? "" : idOf(wholeUpto) };
  const chat = { name: "team", members: [], owner: ME, activity: 0, ...positions };
  happen({ type: "remembered", chats: [{ chat, messages: messages(1, last) }] });
  happen({ type: "history", chat: "team", messages: [] });
}

function missed(first: number, last: number): void {
  happen({ type: "messages", messages: messages(first, last), senders: [], missed: true });
}

/** Answers questions as the server does, until there are none. */
function answerAll(): void {
  for (; answered < asked.length; answered++) {
    const { before, limit = 200 } = asked[answered] ?? {};
    const upto = before ? Number(before) - 1 : kept.last;
    const found = messages(Math.max(kept.first, upto - limit + 1), upto);
    happen(catchUp.heard({ type: "history", chat: "team", messages: [] }, found));
    catchUp.goOn();
  }
}

function check(): void {
  catchUp.begin(["team"]);
  answerAll();
}

const shown = () => team().messages.map(({ at }) => at);
const range = (first: number, last: number) => messages(first, last).map(({ at }) => at);

describe("on a new connection", () => {
  it("one question is enough when nothing was missed", () => {
    remember(10, 10);
    check();
    expect(asked).toEqual([{ type: "history", chat: "team", limit: 1 }]);
    expect(team()).toMatchObject({ isChecked: true, wholeUpto: idOf(10) });
  });

  it("what another device was told meanwhile is read, and is unread here", () => {
    kept.last = 60;
    remember(10, 10);
    missed(60, 60);
    check();
    expect(shown()).toEqual(range(1, 60));
    expect(unreadOf(team(), ME)).toBe(50);
    expect(asked).toHaveLength(2);
  });

  it("a browser that is new to the chat takes what was told before for read", () => {
    missed(9, 10);
    happen({ type: "history", chat: "team", messages: [] });
    check();
    expect(shown()).toEqual([9, 10]);
    catchUp.older("team");
    answerAll();
    expect(shown()).toEqual(range(1, 10));
    expect(unreadOf(team(), ME)).toBe(2);
  });

  it("what is here without a hole stays so while messages come", () => {
    remember(10, 10);
    check();
    missed(11, 11);
    expect(team().wholeUpto).toBe(idOf(11));
    happen({ type: "lost" });
    missed(12, 12);
    expect(team().wholeUpto).toBe(idOf(11));
  });

  it("a hole that is too long makes what is older come again by scrolling", () => {
    kept.last = 10_000;
    remember(10, 10);
    check();
    expect(asked).toHaveLength(1 + MOST_PAGES);
    expect(shown()).toEqual(range(10_000 - MOST_PAGES * PAGE, 10_000));
    catchUp.older("team");
    answerAll();
    expect(shown()).toHaveLength(1 + (MOST_PAGES + 1) * PAGE);
  });

  it("what the server has forgotten is forgotten here", () => {
    kept = { first: 20, last: 25 };
    remember(10, 10);
    check();
    expect(shown()).toEqual(range(20, 25));
    expect(team().isFromBeginning).toBe(true);
  });

  it("a chat in which nothing was said is known to be empty", () => {
    kept = { first: 1, last: 0 };
    remember(3, 3);
    expect(team().isFromBeginning).toBe(false);
    check();
    expect(team()).toMatchObject({ messages: [], isFromBeginning: true, isChecked: true });
  });
});

describe("scrolling up", () => {
  it("reads page by page until there is nothing before", () => {
    kept.last = 250;
    check();
    happen({ type: "history", chat: "team", messages: [] });
    for (const count of [1 + PAGE, 1 + 2 * PAGE, 250, 250]) {
      catchUp.older("team");
      answerAll();
      expect(shown()).toHaveLength(count);
    }
    expect(team().isFromBeginning).toBe(true);
    catchUp.older("team");
    expect(asked).toHaveLength(5);
  });

  it("waits for the question that is under way, and is not forgotten", () => {
    kept.last = 250;
    happen({ type: "history", chat: "team", messages: [] });
    catchUp.begin(["team"]);
    catchUp.older("team");
    expect(asked).toHaveLength(1);
    answerAll();
    expect(shown()).toHaveLength(1 + PAGE);
  });
});
