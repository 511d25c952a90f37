import { beforeEach, describe, expect, it, vi } from "vitest";
import { dismiss, take, toasts } from "../parts/toasts.svelte";
import { forget } from "../wire/kept";
import type { Answer, Asked } from "../wire/teacher";
import { OUTSIDE, reduce, type Classroom, type Happening } from "./classroom";
import { NOTHING_IGNORED } from "./ignores";
import type { Desk } from "./desk";
import { Replies } from "./replies";
import { NO_MARKS, type Statuses } from "./student";

const ROOM = 123456;
const ADA = 2;
const NO_ANSWER: Answer = refusal("no_answer");

function refusal(code: string): Answer {
  return { isDone: false, code, message: code, retryAfterS: undefined };
}

interface Question {
  statuses?: Statuses;
  comment?: string;
  content?: string;
}

/** A class with one student, and a server that answers as it is told to, and then that all is done. */
function lesson(steps: Statuses, ...answers: Answer[]) {
  const asked: unknown[] = [];
  const complaints: string[] = [];
  let state: Classroom = OUTSIDE;
  const act = (event: Happening): void => void (state = reduce(state, event));
  const users = [
    { id: 1, sid: "t", room: ROOM, name: "Emmy", role: "host", steps: {} },
    { id: ADA, sid: "a", room: ROOM, name: "Ada", role: "client", steps },
  ] as const;
  act({ type: "entering", room: ROOM, host: 1, marks: NO_MARKS, ignores: NOTHING_IGNORED });
  act({ type: "update", update: { id: ROOM, host: 1, users: [...users] }, at: 0 });
  const answer = (event: Asked, payload: unknown): Answer => {
    if (event === "message/user") {
      return DONE;
    }
    const { statuses, comment, content } = payload as Question;
    asked.push(...[statuses, comment ?? content].filter((part) => part !== undefined));
    return answers.shift() ?? DONE;
  };
  const replies = new Replies({
    // What it is acknowledged by is nobody's concern here.
    ask: ((event: Asked, payload: unknown) =>
      Promise.resolve(answer(event, payload))) as Desk["ask"],
    latest: () => state,
    act,
    complain: ({ code }) => complaints.push(code),
  });
  replies.enter(ROOM);
  const report = (reported: Statuses): void =>
    act({ type: "statuses", user: ADA, steps: reported, at: 0 });
  return { replies, asked, complaints, report, steps: () => state.students.get(ADA)?.steps };
}

const DONE: Answer = { isDone: true, result: {} };
const notices = () => toasts().map(({ text }) => text.replace("classroom.review.", ""));
const undo = () => toasts().forEach((notice) => take(notice));

beforeEach(() => {
  forget(`outbox/teacher/${ROOM}`);
  vi.useFakeTimers();
  toasts().forEach(({ id }) => dismiss(id));
});

describe("an accepted task", () => {
  it("is done again when the notice's offer is taken", async () => {
    const { replies, asked, steps } = lesson({ 1: "DONE" });
    expect(await replies.accept(ADA, "1")).toBe(true);
    expect(steps()).toEqual({ 1: "ACCEPTED" });
    expect(notices()).toEqual(["accepted"]);
    undo();
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toEqual([{ 1: "ACCEPTED" }, { 1: "DONE" }]);
    expect(steps()).toEqual({ 1: "DONE" });
    expect(notices()).toEqual(["taken_back"]);
  });

  it("is done again at any later time, if it is accepted still", async () => {
    const { replies, asked, report } = lesson({ 1: "ACCEPTED" });
    await replies.takeBack(ADA, "1");
    report({ 1: "HELP" });
    await replies.takeBack(ADA, "1");
    expect(asked).toEqual([{ 1: "DONE" }]);
    expect(notices()).toEqual(["taken_back", "moved_on"]);
  });

  it("stays unaccepted, with a word, when the server does not hear it", async () => {
    const { replies, complaints, steps } = lesson({ 1: "DONE" }, NO_ANSWER);
    expect(await replies.accept(ADA, "1")).toBe(false);
    expect(complaints).toEqual(["no_answer"]);
    expect(steps()).toEqual({ 1: "DONE" });
    expect(notices()).toEqual([]);
  });
});

describe("a declined task", () => {
  it("comes without a message if there is no reason", async () => {
    const { replies, asked } = lesson({ 1: "DONE" });
    await replies.decline(ADA, "1", "");
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toEqual([{ 1: "NONE" }]);
  });

  it("comes with its reason, which names the task", async () => {
    const { replies, asked, steps } = lesson({ 1: "DONE" });
    await replies.decline(ADA, "1", "Use pi");
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toEqual([{ 1: "NONE" }, "class.step.task: Use pi"]);
    expect(steps()).toEqual({ 1: "NONE" });
    expect(replies.waitingFor(ADA)).toEqual([]);
  });

  it("goes together with its reason, and once, though the way breaks off", async () => {
    const { replies, asked } = lesson({ 1: "DONE" }, NO_ANSWER);
    await replies.decline(ADA, "1", "Use pi");
    await vi.advanceTimersByTimeAsync(1);
    expect(replies.waitingFor(ADA)).toHaveLength(1);
    replies.enter(ROOM);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toEqual([
      { 1: "NONE" },
      "class.step.task: Use pi",
      { 1: "NONE" },
      "class.step.task: Use pi",
    ]);
    expect(replies.waitingFor(ADA)).toEqual([]);
  });

  it("that had to wait takes nothing from a student who has gone on; the reason arrives", async () => {
    const { replies, asked, report } = lesson({ 1: "DONE" }, NO_ANSWER);
    await replies.decline(ADA, "1", "Use pi");
    await vi.advanceTimersByTimeAsync(1);
    report({ 1: "IN_PROGRESS" });
    replies.enter(ROOM);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.slice(2)).toEqual(["class.step.task: Use pi"]);
  });

  it("that waits is taken back with its reason", async () => {
    const { replies, asked } = lesson({ 1: "DONE" }, NO_ANSWER);
    await replies.decline(ADA, "1", "Use pi");
    await vi.advanceTimersByTimeAsync(1);
    replies.waitingFor(ADA).forEach(({ key }) => replies.withdraw(key));
    replies.enter(ROOM);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([{ 1: "NONE" }, "class.step.task: Use pi"]);
  });

  it("that the server does not take says so, and keeps the reason", async () => {
    const { replies, complaints } = lesson({ 1: "DONE" }, refusal("user_not_found"));
    await replies.decline(ADA, "1", "Use pi");
    await vi.advanceTimersByTimeAsync(1);
    expect(complaints).toEqual(["user_not_found"]);
    expect(replies.waitingFor(ADA).map(({ isRefused }) => isRefused)).toEqual([true]);
  });
});
