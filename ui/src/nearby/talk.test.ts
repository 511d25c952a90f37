import { describe, expect, test } from "vitest";
import { begin, reduce, type Event, type State } from "./state";
import { answerTo, toldIn } from "./scenes";
import { isPrivate, unsent, waiting } from "./talk";
import type { Told } from "../wire/generated";

interface Declined {
  code: string;
  detail: string;
}

const TO = { target: "range", names: ["bob"] } as const;
const AT = Date.UTC(2024, 4, 17, 12, 0, 1);

function after(...events: Event[]): State {
  return events.reduce(reduce, begin({ rangeM: 50 }));
}

/** So many, of which each is another. */
function many(count: number): Told[] {
  const [one] = toldIn("Bob says three things") as [Told];
  return Array.from({ length: count }, (_, index) => ({ ...one, message: `${index}` }));
}

function written(key: string, text: string): Event {
  return { type: "written", key, text, to: TO, at: AT };
}

function texts(state: State): string[] {
  return state.messages.map((each) => each.text);
}

describe("messages", () => {
  const [A, B, C] = toldIn("Bob says three things") as [Told, Told, Told];

  test("stand in the order in which they came, with their times and senders", () => {
    const state = after({ type: "heard", messages: [A, B] }, { type: "heard", messages: [C] });
    expect(state.messages).toMatchObject([
      { number: 1, from: "bob", text: "a", at: Date.UTC(2024, 4, 17, 12, 0, 1) },
      { number: 2, from: "bob", text: "b", at: Date.UTC(2024, 4, 17, 12, 0, 2) },
      { number: 3, from: "cid", text: "c", at: Date.UTC(2024, 4, 17, 12, 0, 3) },
    ]);
  });

  test("are shown once when the server tells them again after a lost connection", () => {
    const state = after(
      { type: "heard", messages: [A, B] },
      { type: "entered" },
      { type: "heard", messages: [A, B, C] },
    );
    expect(texts(state)).toEqual(["a", "b", "c"]);
  });

  test("are shown once after a reload, too", () => {
    const { messages } = after({ type: "heard", messages: [A, B] });
    const reloaded = begin({ rangeM: 50, messages });
    expect(texts(reduce(reloaded, { type: "heard", messages: [B, C] }))).toEqual(["a", "b", "c"]);
  });

  test("that somebody says twice are shown twice", () => {
    const state = after({ type: "heard", messages: [A, A] }, { type: "heard", messages: [A] });
    expect(texts(state)).toEqual(["a", "a", "a"]);
    const again = [{ type: "entered" }, { type: "heard", messages: [A, A, A, A] }] as const;
    expect(texts(again.reduce<State>(reduce, state))).toEqual(["a", "a", "a", "a"]);
  });

  test("of one's own are never taken for those of others", () => {
    const state = after(written("k", "a"), { type: "entered" }, { type: "heard", messages: [A] });
    expect(texts(state)).toEqual(["a", "a"]);
  });

  test("are unread as long as nobody looks", () => {
    const away = after(
      { type: "heard", messages: [A] },
      { type: "watched", isWatched: false },
      { type: "heard", messages: [B, C] },
    );
    expect(away.unread).toBe(2);
    expect(reduce(away, { type: "watched", isWatched: true }).unread).toBe(0);
    expect(reduce(away, { type: "watched", isWatched: false }).unread).toBe(2);
  });

  test("do not grow without end", () => {
    const state = after({ type: "heard", messages: many(600) });
    expect(state.messages).toHaveLength(500);
    expect(state.messages.at(-1)).toMatchObject({ number: 600, text: "599" });
  });
});

describe("what is written here", () => {
  const both = [written("1", "a"), written("2", "b")];

  test("waits in its order until the server has it", () => {
    const state = after(...both);
    expect(waiting(state.messages).map(({ key }) => key)).toEqual(["1", "2"]);
    const sent = reduce(state, { type: "delivered", key: "1", unknown: "" });
    expect(waiting(sent.messages).map(({ key }) => key)).toEqual(["2"]);
    expect(texts(sent)).toEqual(["a", "b"]);
    expect(sent.messages[0]?.letter).toEqual({ key: "1", to: TO });
  });

  test("stays with the reason when the server declines it, and can be tried again or dropped", () => {
    const { code, detail } = answerTo("message/send", "Ana writes far too much") as Declined;
    const refused = { type: "refused", key: "1", code, detail } as const;
    const state = after(...both, refused);
    expect(waiting(state.messages).map(({ key }) => key)).toEqual(["2"]);
    expect(unsent(state.messages)).toHaveLength(2);
    expect(state.messages[0]?.letter?.refused).toEqual({ code: "bad_input", detail });
    const again = reduce(state, { type: "again", key: "1" });
    expect(waiting(again.messages).map(({ key }) => key)).toEqual(["1", "2"]);
    expect(texts(reduce(state, { type: "discarded", key: "1" }))).toEqual(["b"]);
  });

  test("is here once, though another tab has left it behind, too", () => {
    expect(texts(after(...both, written("1", "a")))).toEqual(["a", "b"]);
  });

  test("is not forgotten for newer messages before it is sent", () => {
    const state = after(written("1", "a"), { type: "heard", messages: many(600) });
    expect(waiting(state.messages).map(({ key }) => key)).toEqual(["1"]);
  });

  test("says whom the server did not know", () => {
    const state = after(...both, { type: "delivered", key: "1", unknown: "eve" });
    expect(state.messages[0]?.letter?.unknown).toBe("eve");
  });
});

describe("a message is private", () => {
  test.each([
    ["you", 1, true],
    ["people", 2, false],
    ["range", 1, false],
    ["building", 3, false],
    ["notice", 1, false],
  ] as const)("that went to %s (%d): %s", (audience, people, expected) => {
    const [one] = toldIn("Bob says three things") as [Told];
    const messages = [{ ...one, to: { audience, people } }];
    expect(after({ type: "heard", messages }).messages.map(isPrivate)).toEqual([expected]);
  });

  test("of one's own if one person was chosen, and not if only one was there", () => {
    const one = { target: "chosen", names: ["bob"] } as const;
    const state = after(written("1", "a"), {
      type: "written",
      key: "2",
      text: "b",
      to: one,
      at: AT,
    });
    expect(state.messages.map(isPrivate)).toEqual([false, true]);
  });
});
