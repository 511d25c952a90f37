import { describe, expect, it } from "vitest";
import { toldTo, type Scene } from "../class/scenes";
import type { ErrorPayload } from "../wire/generated";
import { annaHeard, heardBy } from "./replay";
import {
  asRefusal,
  begin,
  firstOpen,
  helpTarget,
  reduce,
  unread,
  unreadNotices,
  unsaid,
  type Event,
  type State,
} from "./state";

const ME = 2;
const TEACHER = 1;

const after = (...events: Event[]): State => events.reduce(reduce, begin(undefined));
const inside = (...events: Event[]): State => after(...annaHeard("Anna joins"), ...events);
const texts = (state: State) => state.messages.map(({ content }) => content);
const errorIn = (page: "anna" | "carl", scene: Scene): ErrorPayload => {
  const [, error] = toldTo(page, scene).find(([event]) => event === "error") ?? [];
  return error as ErrorPayload;
};
const identity = { id: ME, name: "Anna", token: inside().me?.token ?? "" };
const tasksCome = annaHeard("tasks are handed out");
const sets = (task: string, status: "DONE" | "IN_PROGRESS"): Event => ({
  kind: "sets",
  task,
  status,
});
const asks = (task?: string, note = ""): Event => ({ kind: "asks", task, note });

describe("at the door", () => {
  it("a visitor without an identity is asked for a name", () => {
    expect(begin(undefined).phase).toEqual({ name: "door", isWaiting: false });
  });

  it("one with an identity comes back", () => {
    expect(begin(identity).phase.name).toBe("returning");
  });

  it("a refusal is shown, and gone with the next try", () => {
    const refusal = asRefusal(errorIn("carl", "somebody wants to be Anna"));
    expect(refusal.code).toBe("name_taken");
    const refused = after({ kind: "knocks" }, { kind: "refused", refusal });
    expect(refused.phase).toEqual({ name: "door", refusal, isWaiting: false });
    expect(reduce(refused, { kind: "knocks" }).phase).toEqual({ name: "door", isWaiting: true });
  });

  it("the seconds of a limit are kept", () => {
    const refusal = asRefusal(errorIn("carl", "Carl is one too many"));
    expect(refusal.code).toBe("quota_reached");
    expect(refusal.seconds).toBeGreaterThan(0);
  });

  it("who joins is inside, with a token", () => {
    expect(inside()).toMatchObject({ phase: { name: "inside" }, me: identity });
    expect(identity.token).toHaveLength(43);
  });

  it("who returns keeps the token", () => {
    const back = annaHeard("Anna is back").reduce<State>(reduce, begin(identity));
    expect(back.me).toEqual(identity);
  });
});

describe("tasks", () => {
  // Without the tenth, and without the theory.
  const fewer = annaHeard("one task is taken away, and given back").slice(0, 1);

  it("are shown in the teacher's order", () => {
    const ids = inside(...tasksCome).tasks.map(({ id }) => id);
    expect(ids).toEqual(["10", "2", "1", "theory"]);
  });

  it("begin with the theory, or else with the first that is not finished", () => {
    expect(firstOpen(inside(...tasksCome))).toBe("theory");
    expect(firstOpen(inside(...fewer, sets("2", "DONE")))).toBe("1");
    expect(firstOpen(inside())).toBeUndefined();
  });

  it("that were set are to be reported, until the server knows", () => {
    const state = inside(...tasksCome, sets("2", "DONE"), sets("1", "DONE"));
    expect(state.unreported).toEqual({ "2": "DONE", "1": "DONE" });
    const known = reduce(state, { kind: "reported", statuses: { "2": "DONE" } });
    expect(known.unreported).toEqual({ "1": "DONE" });
    const changed = reduce(state, sets("2", "IN_PROGRESS"));
    const late = reduce(changed, { kind: "reported", statuses: { "2": "DONE", "1": "DONE" } });
    expect(late.unreported).toEqual({ "2": "IN_PROGRESS" });
  });

  it("keep their status while the teacher has taken them away", () => {
    const state = inside(...tasksCome, sets("10", "DONE"), ...fewer);
    expect(state.statuses).toEqual({ "10": "DONE" });
  });

  it("that an older page has set by their places are found once, by id or by place", () => {
    const named = { "2": "DONE", "3": "IN_PROGRESS", "7": "DONE" } as const;
    const state = begin(identity, undefined, { statuses: {}, named });
    const tasks = annaHeard("tasks are handed out").map((heard) =>
      heard.kind === "tasks" ? withIds(heard, ["a", "2", "c", "t"]) : heard,
    );
    const found = [...annaHeard("Anna joins"), ...tasks].reduce<State>(reduce, state);
    expect(found.unreported).toEqual({ "2": "DONE", c: "IN_PROGRESS" });
    expect(unsaid(found)).toEqual({ statuses: found.unreported, named: {}, call: undefined });
  });

  it("are accepted and declined by the teacher", () => {
    const review = annaHeard("the teacher accepts the first and declines the second");
    const state = inside(...tasksCome, sets("1", "DONE"), sets("2", "DONE"), ...review);
    expect(state.statuses).toEqual({ "1": "ACCEPTED", "2": "NONE" });
    expect(state.unreported).toEqual({});
  });

  it("are what a call for help is about: the one that is shown, if there is something to do", () => {
    const state = inside(...tasksCome);
    expect(helpTarget(state, "10")).toBe("10");
    expect(helpTarget(state, "theory")).toBeUndefined();
    const accepted = annaHeard("the teacher accepts the first and declines the second");
    expect(helpTarget(inside(...tasksCome, ...accepted), "1")).toBeUndefined();
    expect(helpTarget(inside(), undefined)).toBeUndefined();
  });

  it("have the solution that was revealed, and no other task has", () => {
    const solution = [{ filename: "main.py", content: "print(1)" }];
    const state = inside(...tasksCome, { kind: "revealed", revealed: { task: "2", solution } });
    expect(state.tasks.map((task) => task.solution)).toEqual([
      undefined,
      solution,
      undefined,
      undefined,
    ]);
  });

  it("in their old form are one page", () => {
    expect(inside(...annaHeard("the teacher hands out an exercise of old")).tasks).toHaveLength(1);
  });
});

describe("coming back", () => {
  const back = annaHeard("Anna is back");
  const spoken = annaHeard("the teacher says two to Anna", "both ask for what was said");

  it("brings the statuses that the server knows", () => {
    expect(after(...back).statuses).toEqual({ "1": "ACCEPTED", "2": "ACCEPTED" });
  });

  it("does not lose what was set without a connection", () => {
    const state = inside(...tasksCome, sets("10", "DONE"), ...back);
    expect(state.statuses["10"]).toBe("DONE");
    const reported = reduce(state, { kind: "reported", statuses: state.statuses });
    expect(back.reduce<State>(reduce, reported).statuses["10"]).toBeUndefined();
  });

  it("does not take back what the teacher has accepted meanwhile", () => {
    expect(inside(...tasksCome, sets("2", "DONE"), ...back).statuses["2"]).toBe("ACCEPTED");
    const state = inside(...tasksCome, asks("2"), ...back);
    expect(state).toMatchObject({ call: undefined, isCallReported: true });
    expect(state.statuses["2"]).toBe("ACCEPTED");
  });

  it("shows no message twice", () => {
    expect(texts(inside(...spoken, ...spoken))).toEqual(["one", "two", "two"]);
    expect(texts(inside(...spoken, ...back, ...spoken))).toEqual(["one", "two", "two", "three"]);
  });

  it("shows what was said once, also when the history holds it", () => {
    const [one, , two] = inside(...spoken).messages;
    const say = (message = one) => ({ ...message, kind: "said" }) as Event;
    const state = inside(say(one), say(two), say(two), ...spoken);
    expect(texts(state)).toEqual(["one", "two", "two"]);
    expect(state.messages.map(({ sender }) => sender)).toEqual([ME, TEACHER, ME]);
  });
});

describe("messages", () => {
  const spoken = annaHeard("both ask for what was said", "Anna is back");

  it("count as unread until they are read, own ones never", () => {
    const state = inside(...spoken);
    expect(unread(state)).toBe(2);
    expect(unread(reduce(state, { kind: "reads", what: "messages" }))).toBe(0);
  });

  it("stand in the order of their time", () => {
    const late = annaHeard("the teacher says two to Anna");
    expect(texts(inside(...late, ...spoken))).toEqual(["one", "two", "two", "three"]);
  });

  it("show that the teacher is there", () => {
    const away = inside(...annaHeard("the teacher leaves while watching"));
    expect(away.isTeacherAway).toBe(true);
    const [message] = annaHeard("the teacher says two to Anna");
    expect(message && reduce(away, message).isTeacherAway).toBe(false);
  });
});

describe("notices", () => {
  const notice = (id: number, content: string): Event => ({
    kind: "notice",
    notice: { id, sender: TEACHER, content, at: "2024-05-17T09:49:00.000Z" },
  });
  const told = [notice(2, "two"), notice(1, "one"), notice(2, "two")];

  it("are shown apart from what is said, once, in their order", () => {
    const state = inside(...told);
    expect(unreadNotices(state).map(({ content }) => content)).toEqual(["one", "two"]);
    expect([texts(state), unread(state)]).toEqual([[], 0]);
  });

  it("that were read stay read, also when they come again", () => {
    const state = inside(...told, { kind: "reads", what: "notices" }, ...told, notice(3, "three"));
    expect(unreadNotices(state).map(({ id }) => id)).toEqual([3]);
    expect(state.read.messages).toBe(0);
  });
});

describe("the teacher", () => {
  const away = annaHeard("the teacher leaves while watching");
  const meanwhile = heardBy("dora", "Dora joins while the teacher is away");

  it("is away if the server says so after a join, and here if it does not", () => {
    expect(inside().isTeacherAway).toBe(false);
    expect(after(...meanwhile).isTeacherAway).toBe(true);
    expect(inside(...away, ...annaHeard("Anna is back")).isTeacherAway).toBe(false);
  });
});

describe("the end", () => {
  const closed = annaHeard("the teacher closes the class");
  const [taken] = annaHeard("Anna comes in from another window");
  const watched = annaHeard("the teacher watches Anna");

  it.each([
    ["closed", closed],
    ["taken", taken ? [taken] : []],
  ])("comes when the room is %s", (why, events) => {
    const state = inside(...watched, ...events);
    expect(state).toMatchObject({ phase: { name: "over", why }, isWatched: false });
  });

  it("has one reason, the first", () => {
    const state = inside(...closed, { kind: "over", why: "removed" });
    expect(state.phase).toEqual({ name: "over", why: "closed" });
  });

  it("is not undone by what arrives late", () => {
    expect(inside(...closed, ...annaHeard("Anna is back")).phase.name).toBe("over");
  });

  it("may be followed by a new beginning, of which nothing is left over", () => {
    const spoken = annaHeard("the teacher says two to Anna");
    const state = inside(...spoken, { kind: "over", why: "removed" }, { kind: "anew" });
    expect(state).toMatchObject({ phase: { name: "door" }, me: undefined, messages: [] });
  });
});

function withIds(heard: Extract<Event, { kind: "tasks" }>, ids: readonly string[]): Event {
  const tasks = heard.tasks.tasks.map((task, index) => ({ ...task, id: ids[index] ?? task.id }));
  return { kind: "tasks", tasks: { ...heard.tasks, tasks } };
}
