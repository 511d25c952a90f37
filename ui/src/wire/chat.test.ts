import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Backoff } from "./backoff";
import { ANSWER_MS, ChatConnection, chatAddress, QUIET_MS, type Wire } from "./chat";
import type { Link } from "./socket";
import { WAKING_MS } from "./waking";

/** The far end of a WebSocket, which the test speaks for. */
class FarEnd implements Wire {
  onopen: Wire["onopen"] = null;
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;
  readonly heard: string[] = [];
  isClosed = false;

  send(text: string): void {
    this.heard.push((JSON.parse(text) as { type: string }).type);
  }

  close(): void {
    this.isClosed = true;
  }

  accept(): void {
    this.onopen?.call(this as unknown as WebSocket, new Event("open"));
  }

  say(said: object): void {
    const event = new MessageEvent("message", { data: JSON.stringify(said) });
    this.onmessage?.call(this as unknown as WebSocket, event);
  }

  end(code = 1006): void {
    const event = Object.assign(new Event("close"), { code, wasClean: code !== 1006, reason: "" });
    this.onclose?.call(this as unknown as WebSocket, event);
  }
}

const STATE = { type: "state", chats: [] };

let ends: FarEnd[];
let links: Link[];
let connection: ChatConnection;

beforeEach(() => {
  vi.useFakeTimers();
  ends = [];
  links = [];
  connection = new ChatConnection(
    () => {
      const end = new FarEnd();
      ends.push(end);
      return end;
    },
    {
      greeting: () => ({ type: "register", user: { name: "Ann", phone: "111" }, protocol: 2 }),
      hear: () => undefined,
      linkChanged: (link) => links.push(link),
    },
    new Backoff(1_000, 8_000, () => 1),
  );
  connection.start();
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

function end(): FarEnd {
  const last = ends.at(-1);
  if (last === undefined) {
    throw new Error("nothing was opened");
  }
  return last;
}

function comeIn(): void {
  end().accept();
  end().say(STATE);
}

describe("the connection", () => {
  it("is open when the server has answered `register`, and not before", () => {
    end().accept();
    expect(end().heard).toEqual(["register"]);
    expect(connection.say({ type: "create_chat", name: "a" })).toBe(false);
    end().say(STATE);
    expect(links).toEqual(["open"]);
    expect(connection.say({ type: "create_chat", name: "a" })).toBe(true);
  });

  it("comes back later and later, and soon again after a success", () => {
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 8_000]) {
      end().end();
      const count = ends.length;
      vi.advanceTimersByTime(waitMs - 1);
      expect(ends).toHaveLength(count);
      vi.advanceTimersByTime(1);
      expect(ends).toHaveLength(count + 1);
    }
    comeIn();
    end().end();
    const count = ends.length;
    vi.advanceTimersByTime(1_000);
    expect(ends).toHaveLength(count + 1);
  });

  it("is dead when an answer does not come", () => {
    comeIn();
    connection.say({ type: "create_chat", name: "a" });
    const silent = end();
    vi.advanceTimersByTime(ANSWER_MS);
    expect(silent.isClosed).toBe(true);
    expect(links).toEqual(["open", "lost"]);
  });

  it("is asked for the state when all is quiet", () => {
    comeIn();
    vi.advanceTimersByTime(QUIET_MS);
    expect(end().heard).toEqual(["register", "register"]);
    end().say(STATE);
    vi.advanceTimersByTime(ANSWER_MS);
    expect(links).toEqual(["open"]);
  });

  it("that never opens is given up", () => {
    vi.advanceTimersByTime(ANSWER_MS);
    expect(links).toEqual(["lost"]);
  });

  it("is tried at once when the page wakes", () => {
    end().end();
    connection.wake();
    expect(ends).toHaveLength(2);
  });

  it("that only seems to live is found out soon when the page wakes", () => {
    comeIn();
    connection.wake();
    vi.advanceTimersByTime(WAKING_MS);
    expect(links).toEqual(["open", "lost"]);
  });

  it("that was asked something before the page slept is found out as soon", () => {
    comeIn();
    connection.say({ type: "create_chat", name: "a" });
    connection.wake();
    vi.advanceTimersByTime(WAKING_MS);
    expect(links).toEqual(["open", "lost"]);
  });

  it("is over after `stop`", () => {
    comeIn();
    connection.stop();
    vi.advanceTimersByTime(QUIET_MS);
    expect(ends).toHaveLength(1);
    expect(links).toEqual(["open", "ended"]);
  });
});

describe("the address", () => {
  it.each([
    ["http://quad.local:8000", "/chat/ws", "ws://quad.local:8000/chat/ws"],
    ["https://example.org", "/quad/chat/ws", "wss://example.org/quad/chat/ws"],
  ])("of %s is on the page's own server", (origin, path, address) => {
    expect(chatAddress(origin, path)).toBe(address);
  });
});
