import { describe, expect, it } from "vitest";
import { annaHeard, heardBy } from "./replay";
import { begin, reduce, unsaid, type Event, type State } from "./state";

const asks = (task?: string, note = ""): Event => ({ kind: "asks", task, note });
const ends: Event = { kind: "needs no help" };
const after = (...events: Event[]): State => events.reduce(reduce, begin(undefined));
const inside = (...events: Event[]): State =>
  after(...annaHeard("Anna joins", "tasks are handed out"), ...events);
/** The server has taken what the state says of a call. */
const told = (state: State): State => reduce(state, { kind: "call reported", call: state.call });
const about = (task: string | undefined, note = "", isPaused = false) => ({ task, note, isPaused });

describe("a call for help", () => {
  it("is about a task, whose status it is, or about none", () => {
    expect(inside(asks("1", "IndexError"))).toMatchObject({
      call: about("1", "IndexError"),
      statuses: { "1": "HELP" },
      unreported: {},
    });
    expect(inside(asks()).statuses).toEqual({});
  });

  it("goes before what was set of its task and is not told yet", () => {
    const state = inside({ kind: "sets", task: "1", status: "DONE" }, asks("1"));
    expect([state.statuses, state.unreported]).toEqual([{ "1": "HELP" }, {}]);
  });

  it("is told until the server has taken that very one", () => {
    const state = inside(asks("1"));
    expect(unsaid(state).call).toEqual(about("1"));
    const more = reduce(state, asks("1", "IndexError"));
    const late = reduce(more, { kind: "call reported", call: state.call });
    expect(late.isCallReported).toBe(false);
    expect(unsaid(told(late)).call).toBeUndefined();
  });

  it("stands where the server says", () => {
    const state = told(inside(asks()));
    const [first] = annaHeard("Anna calls for help").filter(({ kind }) => kind === "place");
    expect(first && reduce(state, first).place).toEqual({ place: 1 });
    const [pause] = annaHeard("Anna cannot be helped now");
    expect(pause && reduce(state, pause)).toMatchObject({ call: { isPaused: true } });
  });

  it("has ended when the server says so, unless there is a new one that it does not know", () => {
    const [gone] = annaHeard("Anna needs no help");
    const state = told(inside(asks()));
    expect(gone && reduce(state, gone).call).toBeUndefined();
    expect(gone && reduce(reduce(state, asks("1")), gone).call).toEqual(about("1"));
  });

  it("ends by what the student sets of its task, and by nothing else of theirs", () => {
    const state = told(inside(asks("1")));
    const other = reduce(state, { kind: "sets", task: "2", status: "DONE" });
    expect(other.call).toEqual(about("1"));
    const done = reduce(state, { kind: "sets", task: "1", status: "DONE" });
    expect(done).toMatchObject({ call: undefined, isCallReported: true });
  });

  it("ends by the teacher's word on its task", () => {
    const review = annaHeard("the teacher accepts the first and declines the second");
    const state = review.reduce<State>(reduce, told(inside(asks("1"))));
    expect(state).toMatchObject({ call: undefined, isCallReported: true });
    const other = review.reduce<State>(reduce, told(inside(asks("10", "IndexError"))));
    expect(other.call).toEqual(about("10", "IndexError"));
  });

  it("that is over leaves its tasks in progress", () => {
    const state = inside(asks("1"), ends);
    expect(state).toMatchObject({ call: undefined, statuses: { "1": "IN_PROGRESS" } });
    expect(unsaid(state).call).toBeNull();
  });
});

describe("a call for help, over a new connection", () => {
  const [back] = heardBy("dora", "Dora reloads");

  it("is what the server has kept, with the words that this page knows", () => {
    expect(back && after(back).call).toEqual(about(undefined));
    const state = told(inside(asks(undefined, "IndexError")));
    expect(back && reduce(state, back).call).toEqual(about(undefined, "IndexError"));
  });

  it("is what this page has not told yet", () => {
    expect(back && reduce(inside(asks("1")), back)).toMatchObject({
      call: about("1"),
      statuses: { "1": "HELP" },
      isCallReported: false,
    });
    expect(back && reduce(inside(asks(), ends), back).call).toBeUndefined();
  });

  it("has no place before the server says it again", () => {
    const [place] = annaHeard("Anna calls for help").filter(({ kind }) => kind === "place");
    const state = place && reduce(told(inside(asks())), place);
    expect(state && reduce(state, { kind: "link", link: "lost" }).place).toBeUndefined();
  });
});
