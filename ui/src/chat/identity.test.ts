import { describe, expect, it } from "vitest";
import { nameOf, newToken, phoneOf } from "./identity";
import { hashOf, routeOf } from "./route";

describe("a phone number", () => {
  it.each([
    ["+49 170-111", "+49170111"],
    ["(0)30 / 12.34", "0301234"],
    ["[+49]\u00a0170\u2013111", "+49170111"],
    ["12", undefined],
    ["1234567890123456", undefined],
    ["49+170", undefined],
    ["call me", undefined],
  ])("%s is %s", (text, phone) => {
    expect(phoneOf(text)).toBe(phone);
  });
});

describe("a name", () => {
  it.each([
    [" Ann Lee ", "Ann Lee"],
    ["Юлия", "Юлия"],
    ["😀".repeat(100), "😀".repeat(100)],
    ["x".repeat(101), undefined],
    ["   ", undefined],
    ["two\nlines", undefined],
    ["👩\u200d🎓 Ana", "👩\u200d🎓 Ana"],
    ["e\u0301", "é"],
  ])("%j is %j", (text, name) => {
    expect(nameOf(text)).toBe(name);
  });
});

describe("a new key", () => {
  it("is long, url-safe and never the same", () => {
    const keys = Array.from({ length: 50 }, newToken);
    expect(new Set(keys).size).toBe(50);
    keys.forEach((key) => expect(key).toMatch(/^[\w-]{32}$/));
  });
});

describe("the address of a chat", () => {
  it.each(["team", "a/b", "50% #1", "/members", "чат"])("%s leads back to it", (chat) => {
    expect(routeOf(hashOf(chat))).toEqual({ chat, areMembersShown: false });
    expect(routeOf(hashOf(chat, true))).toEqual({ chat, areMembersShown: true });
  });

  it("may be none, or nonsense", () => {
    expect(routeOf("")).toEqual({ chat: null, areMembersShown: false });
    expect(routeOf("#50%")).toEqual({ chat: "50%", areMembersShown: false });
  });
});
