import { describe, expect, it } from "vitest";
import type { Chat, Message } from "./model";
import { layOut } from "./timeline";

const MINUTE_MS = 60_000;
const ME = "111";

function chatWith(...messages: Partial<Message>[]): Chat {
  return {
    name: "team",
    members: [],
    owner: null,
    readUpto: "",
    activity: 0,
    isWhole: true,
    isFromBeginning: false,
    isChecked: true,
    wholeUpto: "",
    gone: null,
    messages: messages.map((more, index) => ({
      id: String(index),
      chat: "team",
      from: "222",
      name: "Ben",
      at: 0,
      text: "",
      ...more,
    })),
  };
}

function shapeOf(chat: Chat, newAfter: string | null = null): string[] {
  const dayOf = (at: number) => String(Math.floor(at / (24 * 60 * MINUTE_MS)));
  return layOut(chat, [], { chat: "team", newAfter }, ME, dayOf).map((row) =>
    row.type === "group" ? `${row.from}:${row.lines.length}` : row.type,
  );
}

describe("the layout", () => {
  it("puts what one person says within minutes together", () => {
    const chat = chatWith(
      {},
      { at: MINUTE_MS },
      { at: 10 * MINUTE_MS },
      { from: ME, at: 11 * MINUTE_MS },
    );
    expect(shapeOf(chat)).toEqual(["day", "222:2", "222:1", "111:1"]);
  });

  it("begins each day anew", () => {
    const midnight = 24 * 60 * MINUTE_MS;
    expect(shapeOf(chatWith({ at: midnight - 1 }, { at: midnight }))).toEqual([
      "day",
      "222:1",
      "day",
      "222:1",
    ]);
  });

  it("draws the line above the first new message of somebody else", () => {
    expect(shapeOf(chatWith({}, { from: ME }, {}, {}), "0")).toEqual([
      "day",
      "222:1",
      "111:1",
      "new",
      "222:2",
    ]);
  });
});
