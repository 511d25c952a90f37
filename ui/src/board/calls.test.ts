import { describe, expect, it } from "vitest";
import type { Scene } from "../class/scenes";
import { OUTSIDE, reduce, type Classroom } from "../classroom/classroom";
import { happened } from "../classroom/replay";
import type { QueuedCall } from "../wire/generated";
import { isWaiting, nextOf, NOBODY_CALLS, queued } from "./calls";

const ANNA = 2;
const BORIS = 3;
const CAME = [
  "the class begins",
  "Anna joins",
  "the teacher watches Anna",
  "Boris joins and is watched",
  "tasks are handed out",
] as const satisfies Scene[];

const after = (state: Classroom, ...scenes: Scene[]) =>
  happened(100, ...scenes).reduce(reduce, state);
const called = () => after(OUTSIDE, ...CAME, "Boris needs help with the second task");
const callOf = (state: Classroom, user: number) => state.students.get(user)?.call;
const somebody = () => true;

const asked = (user: number, changes: Partial<QueuedCall> = {}): QueuedCall => ({
  user_id: user,
  task: null,
  note: "",
  since: "2024-05-17T09:00:00.000Z",
  state: "waiting",
  by: null,
  helped: 0,
  ...changes,
});

describe("a call for help", () => {
  it("has its task, its note, and its place in the server's order", () => {
    expect(callOf(called(), BORIS)).toEqual({
      place: 0,
      task: "2",
      note: "What is x?",
      since: 100,
      state: "waiting",
      by: undefined,
      helped: 0,
    });
    expect(callOf(called(), ANNA)).toBeUndefined();
  });

  it("is taken by somebody, or waits until the student can be helped", () => {
    const taken = after(called(), "the teacher takes the call of Boris");
    expect(callOf(taken, BORIS)).toMatchObject({ state: "taken", by: "Ms Ivanova" });
    const paused = after(taken, "Boris was away");
    expect(callOf(paused, BORIS)).toMatchObject({ state: "paused", by: undefined });
    const states = [called(), taken, paused].map((state) => state.students.get(BORIS));
    expect(states.map((student) => student && isWaiting(student))).toEqual([true, false, false]);
  });

  it("ends by the queue, and touches nobody else", () => {
    const before = called();
    const helped = after(before, "the teacher has helped Boris");
    expect(callOf(helped, BORIS)).toBeUndefined();
    expect(helped.students.get(ANNA)).toBe(before.students.get(ANNA));
  });

  it("is there also if the queue came before its student", () => {
    const [queue] = happened(5, "Boris needs help with the second task").filter(
      ({ type }) => type === "queue",
    );
    const early = queue === undefined ? OUTSIDE : reduce(OUTSIDE, queue);
    expect(callOf(after(early, ...CAME), BORIS)).toMatchObject({ note: "What is x?" });
  });
});

describe("the time of waiting", () => {
  const at = Date.parse("2024-05-17T09:30:00.000Z");

  it("is the server's", () => {
    const queue = queued([asked(ANNA)], NOBODY_CALLS, at);
    expect(queue.get(ANNA)?.since).toBe(at - 30 * 60_000);
  });

  it("is at most since the call was heard of, where this browser's clock is slow", () => {
    const late = asked(ANNA, { since: "2024-05-17T10:00:00.000Z" });
    const first = queued([late], NOBODY_CALLS, at);
    expect(queued([late], first, at + 60_000).get(ANNA)?.since).toBe(at);
  });
});

describe("whose turn it is", () => {
  it("is the first who waits, of those who are here", () => {
    const calls = [
      asked(1, { state: "taken" }),
      asked(2, { state: "paused" }),
      asked(3),
      asked(4),
      asked(5),
    ];
    const queue = queued(calls, NOBODY_CALLS, 0);
    expect(nextOf(queue, somebody)).toBe(3);
    expect(nextOf(queue, (user) => user !== 3)).toBe(4);
    expect(nextOf(queued(calls.slice(0, 2), NOBODY_CALLS, 0), somebody)).toBeUndefined();
  });
});
