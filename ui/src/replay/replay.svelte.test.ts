// @vitest-environment jsdom
import { flushSync } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Replay } from "./replay.svelte";
import { bodyOf } from "./scenes";

const SOURCE = { room: 123456, user: 2, token: "anna" };
const STARTS = [{ key: "start/1", label: "Area", files: new Map([["main.py", "# area\n"]]) }];

let replay: Replay;
/** What the server answers, one after the other; then that it is not there. */
let answers: Response[];
let asked: [address: string, token: string | undefined][];

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  asked = [];
  vi.stubGlobal("fetch", (address: string, { headers }: { headers: Record<string, string> }) => {
    asked.push([address, headers["Authorization"]]);
    const answer = answers.shift();
    return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("no network"));
  });
  replay = new Replay(SOURCE, () => STARTS);
});

afterEach(() => {
  replay.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const lines = (name: Parameters<typeof bodyOf>[0]): string[] =>
  bodyOf(name).split("\n").slice(0, -1);
const of = (texts: string[]): Response => new Response(texts.map((text) => `${text}\n`).join(""));

it("opens at the end, and stays there when something comes", async () => {
  const all = lines("happened");
  answers = [of(all.slice(0, 6)), of([all[0] ?? "", ...all.slice(6)])];
  await replay.open();
  flushSync();
  expect(asked).toEqual([["/classes/123456/history/2?after=0", "Bearer anna"]]);
  expect([replay.outcome, replay.cursor.index]).toEqual(["read", 3]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked[1]?.[0]).toBe("/classes/123456/history/2?after=4");
  expect([replay.cursor.index, replay.isAtEnd]).toEqual([6, true]);
});

it("stays where somebody looks when something comes", async () => {
  const all = lines("happened");
  answers = [of(all.slice(0, 6)), of([all[0] ?? "", ...all.slice(6)])];
  await replay.open();
  replay.step(-2);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([replay.cursor.index, replay.history.edits.length]).toEqual([1, 6]);
});

it("says why there is nothing, and goes on asking unless that is in vain", async () => {
  answers = [new Response("", { status: 404 })];
  await replay.open();
  expect(replay.outcome).toBe("nothing");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(replay.outcome).toBe("unreachable");
  answers = [new Response("", { status: 401 })];
  await vi.advanceTimersByTimeAsync(5_000);
  expect(replay.outcome).toBe("refused");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.length).toBe(3);
});

it("asks nothing more when it is closed", async () => {
  answers = [of(lines("happened"))];
  await replay.open();
  replay.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.length).toBe(1);
});

it("compares with what a task begins with, in a file that both have", async () => {
  answers = [of(lines("happened"))];
  await replay.open();
  replay.leap(-1);
  replay.choose("notes.txt");
  expect([replay.filename, replay.original]).toEqual(["notes.txt", undefined]);
  replay.compare("start/1");
  expect([replay.filename, replay.original]).toEqual(["main.py", "# area\n"]);
});

it("compares with a pinned version, in which a later file was not there", async () => {
  answers = [of(lines("happened"))];
  await replay.open();
  replay.toStart();
  replay.step(1);
  replay.pin();
  expect(replay.original).toBe("print(x)\n");
  replay.toEnd();
  expect([replay.filename, replay.original]).toEqual(["area.py", ""]);
});
