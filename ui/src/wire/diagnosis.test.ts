import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { diagnose, type Opening } from "./diagnosis";

class Probe implements Opening {
  onmessage: Opening["onmessage"] = null;
  onerror: Opening["onerror"] = null;
  isClosed = false;
  constructor(readonly address: string) {}
  close(): void {
    this.isClosed = true;
  }
}

describe("why there is no connection", () => {
  let asked: string[];
  let answers: Record<string, Response | undefined>;
  let probe: Probe | undefined;

  const open = (address: string): Probe => (probe = new Probe(address));
  const connection = (isAllowed: boolean): Response => Response.json({ is_allowed: isAllowed });
  const found = async (): Promise<Probe> => {
    await vi.waitFor(() => expect(probe).toBeDefined());
    return probe as Probe;
  };

  beforeEach(() => {
    asked = [];
    probe = undefined;
    answers = { "/connection": connection(true), "/socket.io/": new Response("0{}") };
    vi.stubGlobal("location", { protocol: "https:", host: "quad.school" });
    vi.stubGlobal("fetch", (address: string, { method }: RequestInit) => {
      asked.push(`${method ?? ""} ${address}`);
      const answer = answers[address.split("?")[0] ?? ""];
      return answer ? Promise.resolve(answer) : Promise.reject(new Error("unreachable"));
    });
  });

  afterEach(() => vi.unstubAllGlobals());

  it("is refused if the server says so, and nothing else is tried", async () => {
    answers["/connection"] = connection(false);
    expect(await diagnose(open)).toBe("refused");
    expect(asked).toEqual(["POST /connection"]);
    expect(probe).toBeUndefined();
  });

  it("is the WebSocket if plain requests are answered and it does not open", async () => {
    const trouble = diagnose(open);
    const socket = await found();
    expect(socket.address).toBe("wss://quad.school/socket.io/?EIO=4&transport=websocket");
    socket.onerror?.call(socket as unknown as WebSocket, new Event("error"));
    expect(await trouble).toBe("no_websocket");
  });

  it("is the WebSocket, too, if it opens and nothing comes through it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    const trouble = diagnose(open);
    await found();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await trouble).toBe("no_websocket");
    vi.useRealTimers();
  });

  it("is unknown if a WebSocket brings what the server says", async () => {
    const trouble = diagnose(open);
    const socket = await found();
    socket.onmessage?.call(socket as unknown as WebSocket, new MessageEvent("message"));
    expect(await trouble).toBeUndefined();
    expect(socket.isClosed).toBe(true);
  });

  it.each([
    ["/connection", undefined],
    ["/connection", new Response("a page of a proxy", { status: 502 })],
    ["/connection", new Response("no JSON")],
    ["/socket.io/", new Response("", { status: 429 })],
  ])("is unknown if %s is not answered as it should be", async (address, answer) => {
    answers[address] = answer;
    expect(await diagnose(open)).toBeUndefined();
    expect(probe).toBeUndefined();
  });
});
