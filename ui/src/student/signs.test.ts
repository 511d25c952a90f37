import { describe, expect, it } from "vitest";
import { signsOf } from "./signs";
import { begin, reduce, type Event, type State } from "./state";

const open: Event = { kind: "link", link: "open" };
const lost: Event = { kind: "link", link: "lost" };
const away: Event = { kind: "teacher", isAway: true };
const back: Event = { kind: "teacher", isAway: false };
const watching: Event = { kind: "watching", isWatched: true };
const calls: Event = { kind: "calls", isCalling: true };
const reported: Event = { kind: "call reported", isCalling: true };
const joined = (more: object = {}): Event => ({
  kind: "joined",
  joined: { user_id: 7, room_id: 123456, name: "Anna", token: "secret", steps: {}, ...more },
});
const after = (...events: Event[]): State => events.reduce(reduce, begin(undefined));
const inside = (...events: Event[]): State => after(open, joined(), ...events);

describe("whether the teacher is there", () => {
  it.each([
    ["here after a join", inside(), "here"],
    ["away when the server says so", inside(away), "away"],
    ["away for whoever joins meanwhile", after(open, joined(), away), "away"],
    ["here again", inside(away, back), "here"],
    ["not known without a connection", inside(lost), "unknown"],
  ])("is %s", (_, state, teacher) => {
    expect(signsOf(state).teacher).toBe(teacher);
  });
});

describe("whether somebody watches", () => {
  it.each([
    ["while the teacher does", inside(watching), true],
    ["no longer when the teacher has gone", inside(watching, away), false],
    ["not by itself when the teacher is back", inside(watching, away, back), false],
    ["no longer when the connection is lost", inside(watching, lost), false],
    ["not by itself over the next connection", inside(watching, lost, open, joined()), false],
    ["again when the teacher says so", inside(watching, lost, open, joined(), watching), true],
  ])("shows %s", (_, state, isWatched) => {
    expect(signsOf(state).isWatched).toBe(isWatched);
  });
});

describe("who knows of a call for help", () => {
  const help: Event = { kind: "sets", step: "1", status: "HELP" };
  const told: Event = { kind: "reported", statuses: { "1": "HELP" } };

  it.each([
    ["nobody has called", inside(), "none"],
    ["this page alone", inside(calls), "unsent"],
    ["the teacher", inside(calls, reported), "known"],
    ["the server, while the teacher is away", inside(calls, reported, away), "waiting"],
    ["the teacher, who is back", inside(calls, reported, away, back), "known"],
    ["it cannot be said without a connection", inside(calls, reported, lost), "unsent"],
    ["the teacher, after a reload", after(open, joined({ signal: "HELP" })), "known"],
    ["this page, when it was made without a connection", inside(lost, calls, open), "unsent"],
    ["nobody needs to any more", inside(calls, reported, { ...calls, isCalling: false }), "none"],
    ["the teacher, of a task", inside(help, told), "known"],
    ["this page alone, of a task", inside(help), "unsent"],
  ])("is: %s", (_, state, call) => {
    expect(signsOf(state).call).toBe(call);
  });

  it("is kept when the server has not heard of it yet", () => {
    const state = inside(lost, calls, open, joined());
    expect(state).toMatchObject({ isCalling: true, isCallReported: false });
  });
});
