import { describe, expect, it } from "vitest";
import type { CurrentMessage, Step } from "../wire/generated";
import {
  asRefusal,
  begin,
  calledTask,
  firstOpen,
  helpTarget,
  reduce,
  report,
  unread,
  type Event,
  type State,
} from "./state";

const ME = 7;
const TEACHER = 1;
const identity = { id: ME, name: "Anna", token: "secret" };

const step = (name: string): Step => ({
  name,
  content: `<p>${name}</p>`,
  language: "html",
  type: name === "theory" ? "theory" : "exercise",
});
const message = (id: number, sender: number, content: string): CurrentMessage => ({
  id,
  sender,
  receiver: sender === ME ? TEACHER : ME,
  content,
  status: null,
  created_at: "12:00:00",
  at: "2026-05-01T12:00:00.000Z",
});
const joined = (steps: Record<string, never> | object = {}): Event => ({
  kind: "joined",
  joined: { user_id: ME, room_id: 123456, name: "Anna", token: "secret", steps: { ...steps } },
});
const after = (...events: Event[]): State => events.reduce(reduce, begin(undefined));
const inside = (...events: Event[]): State => after(joined(), ...events);
const texts = (state: State) => state.messages.map(({ content }) => content);

describe("at the door", () => {
  it("a visitor without an identity is asked for a name", () => {
    expect(begin(undefined).phase).toEqual({ name: "door", isWaiting: false });
  });

  it("one with an identity comes back", () => {
    expect(begin(identity).phase.name).toBe("returning");
  });

  it("a refusal is shown, and gone with the next try", () => {
    const refusal = { code: "name_taken", message: "…" };
    const refused = after({ kind: "knocks" }, { kind: "refused", refusal });
    expect(refused.phase).toEqual({ name: "door", refusal, isWaiting: false });
    expect(reduce(refused, { kind: "knocks" }).phase).toEqual({ name: "door", isWaiting: true });
  });

  it("the seconds of a limit are kept", () => {
    const error = { code: "rate_limited", message: "…", event: "room/join", retry_after_s: 9 };
    expect(asRefusal(error).seconds).toBe(9);
  });

  it("who joins is inside, with a token", () => {
    expect(inside()).toMatchObject({ phase: { name: "inside" }, me: identity });
  });

  it("who returns keeps the token that the server does not repeat", () => {
    const event: Event = { kind: "joined", joined: { user_id: ME, room_id: 123456, name: "Anna" } };
    expect(reduce(begin(identity), event).me).toEqual(identity);
  });
});

describe("tasks", () => {
  const steps: Event = { kind: "steps", steps: [step("10"), step("2"), step("theory")] };

  it("are shown by number, after the theory", () => {
    expect(inside(steps).steps.map(({ name }) => name)).toEqual(["theory", "2", "10"]);
  });

  it("begin with the theory, or else with the first that is not finished", () => {
    expect(firstOpen(inside(steps))).toBe("theory");
    const tasks: Event = { kind: "steps", steps: [step("1"), step("2")] };
    expect(firstOpen(inside(tasks, { kind: "sets", step: "1", status: "DONE" }))).toBe("2");
    expect(firstOpen(inside())).toBeUndefined();
  });

  it("are reported all together, without the theory", () => {
    const state = inside(steps, { kind: "sets", step: "2", status: "HELP" });
    expect(report(state)).toEqual({ "2": "HELP", "10": "NONE" });
  });

  it("keep their status while the teacher has taken them away", () => {
    const state = inside(
      steps,
      { kind: "sets", step: "2", status: "DONE" },
      { kind: "steps", steps: [step("1")] },
    );
    expect(report(state)).toEqual({ "1": "NONE", "2": "DONE" });
  });

  it("are accepted by the teacher", () => {
    const state = inside(
      { kind: "sets", step: "1", status: "DONE" },
      { kind: "reviewed", statuses: { "1": "ACCEPTED" } },
    );
    expect(state.statuses).toEqual({ "1": "ACCEPTED" });
    expect(state.unreported).toEqual({});
  });

  it("are what a call for help is about: the one that is shown, or the first open one", () => {
    const state = inside(
      steps,
      { kind: "sets", step: "2", status: "DONE" },
      { kind: "reviewed", statuses: { "10": "ACCEPTED" } },
    );
    expect(helpTarget(inside(steps), "10")).toBe("10");
    expect(helpTarget(inside(steps), "theory")).toBeUndefined();
    expect(helpTarget(state, "10")).toBeUndefined();
    expect(calledTask(inside(steps, { kind: "sets", step: "10", status: "HELP" }))).toBe("10");
    expect(calledTask(inside(steps))).toBeUndefined();
    expect(helpTarget(inside(), undefined)).toBeUndefined();
  });

  it("in their old form are one page", () => {
    expect(inside({ kind: "exercise", content: "<p>x</p>" }).steps).toHaveLength(1);
  });
});

describe("coming back", () => {
  it("brings the statuses that the server knows", () => {
    expect(after(joined({ "1": "DONE" })).statuses).toEqual({ "1": "DONE" });
  });

  it("does not lose what was set without a connection", () => {
    const state = inside({ kind: "sets", step: "1", status: "HELP" }, joined({ "2": "DONE" }));
    expect(state.statuses).toEqual({ "1": "HELP", "2": "DONE" });
    const reported = reduce(state, { kind: "reported", statuses: state.statuses });
    expect(reduce(reported, joined({ "1": "NONE" })).statuses).toEqual({ "1": "NONE" });
  });

  it("does not take back what the teacher has accepted meanwhile", () => {
    const state = inside({ kind: "sets", step: "1", status: "HELP" }, joined({ "1": "ACCEPTED" }));
    expect(state.statuses).toEqual({ "1": "ACCEPTED" });
  });

  it("shows no message twice", () => {
    const state = inside(
      { kind: "message", message: message(10, TEACHER, "hello") },
      joined(),
      { kind: "history", messages: [message(10, TEACHER, "hello"), message(11, ME, "hi")] },
      { kind: "message", message: message(12, TEACHER, "hello") },
      { kind: "history", messages: [message(10, TEACHER, "hello"), message(11, ME, "hi")] },
    );
    expect(texts(state)).toEqual(["hello", "hi", "hello"]);
  });

  it("shows what was said once, also when the history holds it", () => {
    const state = inside(
      { kind: "said", content: "ok", id: 10, at: "2026-05-01T09:00:00Z" },
      { kind: "said", content: "ok", id: 20, at: "2026-05-01T09:00:01Z" },
      { kind: "said", content: "ok", id: 20, at: "2026-05-01T09:00:01Z" },
      { kind: "history", messages: [message(10, ME, "ok"), message(15, TEACHER, "hm")] },
    );
    expect(state.messages.map(({ id }) => id)).toEqual([10, 15, 20]);
    expect(state.messages.map(({ sender }) => sender)).toEqual([ME, TEACHER, ME]);
  });
});

describe("messages", () => {
  it("count as unread until they are read, own ones never", () => {
    const state = inside(
      { kind: "message", message: message(10, TEACHER, "one") },
      { kind: "said", content: "two", id: 50, at: "" },
      { kind: "message", message: message(99, TEACHER, "three") },
    );
    expect(unread(state)).toBe(2);
    expect(unread(reduce(state, { kind: "reads" }))).toBe(0);
  });

  it("stand in the order of their time", () => {
    const state = inside(
      { kind: "message", message: message(20, TEACHER, "later") },
      { kind: "history", messages: [message(10, TEACHER, "earlier")] },
    );
    expect(texts(state)).toEqual(["earlier", "later"]);
  });

  it("show that the teacher is there", () => {
    const away = inside({ kind: "teacher", isAway: true });
    expect(away.isTeacherAway).toBe(true);
    const event: Event = { kind: "message", message: message(1, TEACHER, "x") };
    expect(reduce(away, event).isTeacherAway).toBe(false);
  });
});

describe("the teacher", () => {
  const away: Event = { kind: "teacher", isAway: true };

  it("is away if the server says so after a join, and here if it does not", () => {
    expect(inside().isTeacherAway).toBe(false);
    expect(inside(away).isTeacherAway).toBe(true);
    expect(inside(away, joined()).isTeacherAway).toBe(false);
    expect(inside(away, joined(), away).isTeacherAway).toBe(true);
  });
});

describe("the end", () => {
  it.each(["closed", "taken"] as const)("comes when the room is %s", (kind) => {
    const state = inside({ kind: "watching", isWatched: true }, { kind });
    expect(state).toMatchObject({ phase: { name: "over", why: kind }, isWatched: false });
  });

  it("has one reason, the first", () => {
    expect(inside({ kind: "taken" }, { kind: "over", why: "removed" }).phase).toEqual({
      name: "over",
      why: "taken",
    });
  });

  it("is not undone by what arrives late", () => {
    expect(inside({ kind: "closed" }, joined()).phase.name).toBe("over");
  });

  it("may be followed by a new beginning, of which nothing is left over", () => {
    const state = inside(
      { kind: "message", message: message(1, TEACHER, "x") },
      { kind: "over", why: "removed" },
      { kind: "anew" },
    );
    expect(state).toMatchObject({ phase: { name: "door" }, me: undefined, messages: [] });
  });
});
