import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Answer } from "../wire/student";
import { annaHeard } from "./replay";
import { begin, reduce, type Event, type State } from "./state";
import { Telling } from "./telling";

/** A student's page, and a server that answers what it is told to. */
class Page {
  readonly asked: unknown[] = [];
  readonly refused: string[] = [];
  readonly answers: Answer[] = [];
  isHere = true;
  state: State = annaHeard("Anna joins", "tasks are handed out").reduce<State>(
    reduce,
    begin(undefined),
  );
  private readonly telling = new Telling({
    state: () => this.state,
    isHere: () => this.isHere,
    report: (statuses) => this.answer(statuses),
    ask: (task, note) => this.answer(["ask", task, note]),
    pause: (isPaused) => this.answer(["pause", isPaused]),
    cancel: () => this.answer(["cancel"]),
    told: (event) => (this.state = reduce(this.state, event)),
    refused: ({ code }) => this.refused.push(code),
  });

  async does(...events: Event[]): Promise<void> {
    this.state = events.reduce(reduce, this.state);
    await this.telling.tell();
  }

  private answer(question: unknown): Promise<Answer> {
    this.asked.push(question);
    return Promise.resolve(this.answers.shift() ?? "done");
  }
}

const sets = (task: string): Event => ({ kind: "sets", task, status: "DONE" });
const asks = (task?: string): Event => ({ kind: "asks", task, note: "" });
const refusal = (code: string): Answer => ({ code, message: "", event: "" });

let page: Page;

beforeEach(() => {
  vi.useFakeTimers();
  page = new Page();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("what a student has set", () => {
  it("is told once, without what the server knows", async () => {
    await page.does(sets("1"));
    await page.does(sets("2"));
    expect(page.asked).toEqual([{ "1": "DONE" }, { "2": "DONE" }]);
  });

  it("waits for the connection", async () => {
    page.isHere = false;
    await page.does(sets("1"), asks());
    expect(page.asked).toEqual([]);
    page.isHere = true;
    await page.does();
    expect(page.asked).toEqual([{ "1": "DONE" }, ["ask", undefined, ""]]);
  });

  it("is told again when the server could not save it, or did not answer", async () => {
    page.answers.push(refusal("store_unavailable"), "lost");
    await page.does(sets("1"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(page.asked).toHaveLength(3);
    expect(page.state.unreported).toEqual({});
  });

  it("of a task that is gone for good is not told again, all else is", async () => {
    page.answers.push(refusal("unknown_task"));
    await page.does(sets("gone"), sets("1"));
    expect(page.asked).toEqual([{ gone: "DONE", "1": "DONE" }, { "1": "DONE" }]);
    expect(page.state.unreported).toEqual({});
  });

  it("and the server does not take is shown to the student once", async () => {
    page.answers.push(refusal("not_in_room"));
    await page.does(sets("1"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect([page.asked.length, page.refused]).toEqual([1, ["not_in_room"]]);
  });
});

describe("a call for help", () => {
  it("is told, paused and ended, each time whole", async () => {
    await page.does(asks("1"));
    await page.does({ kind: "pauses", isPaused: true });
    await page.does({ kind: "needs no help" });
    const ask = ["ask", "1", ""];
    expect(page.asked).toEqual([ask, ask, ["pause", true], ["cancel"]]);
  });

  it("about a task that is gone is one about none", async () => {
    page.answers.push(refusal("unknown_task"));
    await page.does(asks("gone"));
    expect(page.asked).toEqual([
      ["ask", "gone", ""],
      ["ask", undefined, ""],
    ]);
    expect(page.state.isCallReported).toBe(true);
  });

  it("that has ended meanwhile is not paused any more", async () => {
    page.answers.push("done", refusal("not_asking"));
    await page.does(asks("1"), { kind: "pauses", isPaused: true });
    expect([page.state.isCallReported, page.refused]).toEqual([true, []]);
  });
});
