import { beforeEach, describe, expect, it, vi } from "vitest";
import { forget } from "../wire/kept";
import type { Answer, Asked } from "../wire/teacher";
import { Announcing } from "./announcing";
import { OUTSIDE, reduce, type Classroom } from "./classroom";
import type { Desk } from "./desk";

const ROOM = 123456;
const SENT: Answer = { isDone: true, result: { id: 7, at: "2024-05-17T09:00:00.000Z" } };
const OFFLINE: Answer = { isDone: false, code: "offline", message: "", retryAfterS: undefined };

function desk(...answers: Answer[]) {
  const asked: unknown[] = [];
  let state: Classroom = { ...OUTSIDE, phase: "inside", room: ROOM, host: 1 };
  const ask = (_: Asked, payload: unknown) => {
    asked.push(payload);
    return Promise.resolve(answers.shift() ?? SENT);
  };
  const announcing = new Announcing({
    // The one thing that is asked is acknowledged so.
    ask: ask as Desk["ask"],
    latest: () => state,
    act: (event) => void (state = reduce(state, event)),
    complain: () => undefined,
  });
  announcing.enter(ROOM);
  return { announcing, asked, notices: () => state.notices };
}

beforeEach(() => {
  forget(`outbox/notices/${ROOM}`);
  vi.useFakeTimers();
});

describe("a notice to all", () => {
  it("is in the list once the server has it, as it keeps it", async () => {
    const { announcing, notices } = desk();
    announcing.write("Break");
    await vi.advanceTimersByTimeAsync(1);
    const notice = { id: 7, sender: 1, content: "Break", at: "2024-05-17T09:00:00.000Z" };
    expect(notices()).toEqual([notice]);
    expect(announcing.waiting).toEqual([]);
  });

  it("waits without a connection, and goes under the same key", async () => {
    const { announcing, asked, notices } = desk(OFFLINE);
    announcing.write("Break");
    await vi.advanceTimersByTimeAsync(1);
    expect(announcing.waiting.map(({ content }) => content)).toEqual(["Break"]);
    expect(notices()).toEqual([]);
    announcing.enter(ROOM);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toEqual(asked[1]);
    expect(notices()).toHaveLength(1);
  });
});
