import { describe, expect, it } from "vitest";
import type { Scene } from "../class/scenes";
import { annaHeard, heardBy } from "./replay";
import { signsOf } from "./signs";
import { begin, reduce, type Event, type State } from "./state";

const open: Event = { kind: "link", link: "open" };
const lost: Event = { kind: "link", link: "lost" };
const calls: Event = { kind: "asks", task: undefined, note: "" };
const watching = annaHeard("the teacher watches Anna");
const away = annaHeard("the teacher leaves while watching");
const back = annaHeard("the teacher is back");
const again = [open, ...annaHeard("Anna is back")];
const after = (...events: Event[]): State => events.reduce(reduce, begin(undefined));
const inside = (...events: Event[]): State => after(open, ...annaHeard("Anna joins"), ...events);
const atTheWord = inside(...watching, ...away, ...back.slice(0, 1));
const reloaded = (...scenes: Scene[]) => after(open, ...heardBy("dora", "Dora reloads", ...scenes));
const meanwhile = after(open, ...heardBy("dora", "Dora joins while the teacher is away"));

describe("whether the teacher is there", () => {
  it.each([
    ["here after a join", inside(), "here"],
    ["away when the server says so", inside(...away), "away"],
    ["away for whoever joins meanwhile", meanwhile, "away"],
    ["here again", inside(...away, ...back), "here"],
    ["not known without a connection", inside(lost), "unknown"],
  ])("is %s", (_, state, teacher) => {
    expect(signsOf(state).teacher).toBe(teacher);
  });
});

describe("whether somebody watches", () => {
  it.each([
    ["while the teacher does", inside(...watching), true],
    ["no longer when the teacher has gone", inside(...watching, ...away), false],
    // What ends the watching is said next.
    ["not by itself at the word that the teacher is back", atTheWord, false],
    ["no longer when the connection is lost", inside(...watching, lost), false],
    ["not by itself over the next connection", inside(...watching, lost, ...again), false],
    ["again when the teacher says so", inside(...watching, lost, ...again, ...watching), true],
  ])("shows %s", (_, state, isWatched) => {
    expect(signsOf(state).isWatched).toBe(isWatched);
  });
});

describe("whether what is written is recorded", () => {
  const rules = { has_results_page: true, is_recorded: false, auto_done: false };

  it.each([
    ["as the server says on entering", inside(), true],
    ["no longer when the teacher has switched it off", inside({ kind: "rules", rules }), false],
    ["nothing without a connection", inside(lost), false],
    ["it again over the next one", inside(lost, ...again), true],
    ["nothing before somebody is inside", after(open), false],
  ])("shows %s", (_, state, isRecorded) => {
    expect(signsOf(state).isRecorded).toBe(isRecorded);
  });
});

describe("who knows of a call for help", () => {
  const help: Event = { kind: "asks", task: "1", note: "" };
  /** The server has taken what is called for. */
  const told = (...events: Event[]): State => {
    const state = inside(...events);
    return reduce(state, { kind: "call reported", call: state.call });
  };
  const then = (state: State, ...events: Event[]): State => events.reduce(reduce, state);

  it.each([
    ["nobody has called", inside(), "none"],
    ["this page alone", inside(calls), "unsent"],
    ["the teacher", told(calls), "known"],
    ["the server, while the teacher is away", then(told(calls), ...away), "waiting"],
    ["the teacher, who is back", then(told(calls), ...away, ...back), "known"],
    ["it cannot be said without a connection", then(told(calls), lost), "unsent"],
    ["the server, after a reload", reloaded(), "waiting"],
    ["the teacher who came back after a reload", reloaded("the teacher is back"), "known"],
    ["this page, when it was made without a connection", inside(lost, calls, open), "unsent"],
    ["this page, when more was said of it", then(told(calls), help), "unsent"],
    ["nobody needs to any more", then(told(calls), { kind: "needs no help" }), "none"],
    ["the teacher, of a task", told(help), "known"],
    ["this page alone, of a task", inside(help), "unsent"],
  ])("is: %s", (_, state, call) => {
    expect(signsOf(state).call).toBe(call);
  });

  it("is kept when the server has not heard of it yet", () => {
    const state = inside(lost, calls, ...again);
    expect(state).toMatchObject({ call: { task: undefined }, isCallReported: false });
  });
});
