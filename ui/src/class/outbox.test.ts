import { beforeEach, describe, expect, it, vi } from "vitest";
import { forget, keep } from "../wire/kept";
import { Outbox, type Fate, type Waiting } from "./outbox.svelte";

/** A server that answers as it is told to. */
function server(...fates: Fate[]) {
  const heard: Waiting[] = [];
  const deliver = (waiting: Waiting): Promise<Fate> => {
    heard.push(waiting);
    return Promise.resolve(fates.shift() ?? "taken");
  };
  const contents = () => heard.map(({ content }) => content);
  return { heard, deliver, contents };
}

const words = (outbox: Outbox) => outbox.of(1).map(({ content }) => content);

beforeEach(() => {
  forget("outbox/here");
  vi.useFakeTimers();
});

describe("what is written", () => {
  it("goes at once, in order, and waits no longer", async () => {
    const { deliver, contents } = server();
    const outbox = new Outbox("here", deliver);
    outbox.add(1, "a");
    outbox.add(1, "b");
    expect(words(outbox)).toEqual(["a", "b"]);
    await vi.runAllTimersAsync();
    expect(contents()).toEqual(["a", "b"]);
    expect(words(outbox)).toEqual([]);
  });

  it("waits without a connection, over a reload, and goes once under the same key", async () => {
    const before = server("lost", "lost");
    const closed = new Outbox("here", before.deliver);
    closed.add(1, "a");
    closed.add(2, "b");
    await vi.advanceTimersByTimeAsync(1);
    closed.stop();
    const after = server();
    const outbox = new Outbox("here", after.deliver);
    expect(words(outbox)).toEqual(["a"]);
    await outbox.send();
    expect(after.contents()).toEqual(["a", "b"]);
    expect(after.heard[0]?.key).toBe(before.heard[0]?.key);
    expect(new Outbox("here", after.deliver).of(2)).toEqual([]);
  });

  it("takes what it goes with along, over a reload, and only if that is what it seems", async () => {
    const { deliver } = server("lost", "lost");
    const closed = new Outbox("here", deliver);
    closed.add(1, "a", { 2: "NONE" });
    closed.add(1, "b");
    await vi.advanceTimersByTimeAsync(1);
    closed.stop();
    expect(new Outbox("here", deliver).of(1).map(({ review }) => review)).toEqual([
      { 2: "NONE" },
      undefined,
    ]);
    for (const review of [{ 2: "FINE" }, null, "NONE"]) {
      keep("outbox/here", [{ key: "k", to: 1, content: "a", isRefused: false, review }]);
      expect(words(new Outbox("here", deliver))).toEqual([]);
    }
  });

  it("is not sent again if it has been seen in the history", async () => {
    const { deliver, heard } = server("lost");
    const outbox = new Outbox("here", deliver);
    outbox.add(1, "a");
    await vi.advanceTimersByTimeAsync(1);
    outbox.settle([undefined, heard[0]?.key]);
    await outbox.send();
    expect(heard).toHaveLength(1);
  });

  it("is tried again when the server says so, or after a while", async () => {
    const { deliver, contents } = server({ againAfterS: 7 }, "lost");
    const outbox = new Outbox("here", deliver);
    outbox.add(1, "a");
    await vi.advanceTimersByTimeAsync(6_999);
    expect(contents()).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(contents()).toEqual(["a", "a"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(contents()).toEqual(["a", "a", "a"]);
    expect(words(outbox)).toEqual([]);
  });

  it("stays there if it is refused, and stops nothing else", async () => {
    const { deliver, contents } = server("refused");
    const outbox = new Outbox("here", deliver);
    outbox.add(1, "too long");
    outbox.add(1, "b");
    await vi.runAllTimersAsync();
    expect(contents()).toEqual(["too long", "b"]);
    expect(outbox.of(1)).toMatchObject([{ content: "too long", isRefused: true }]);
    outbox.take(outbox.of(1)[0]?.key ?? "");
    expect(words(outbox)).toEqual([]);
  });
});
