/** The campus that was recorded (`scenes.ts`), before a page that asks of it. For tests only. */
import { vi } from "vitest";
import { Network } from "../wire/network";
import { happened, type Scene, type Wanted } from "./scenes";

/** What only looks, or may be said as often as one likes. */
const REPEATABLE = /^(show|update)\//;

export class Campus extends Network {
  /** What was requested that nobody requested who was recorded. */
  readonly unwanted: string[] = [];
  private readonly requests: Wanted[] = [];
  private readonly answers = new Map<string, Wanted>();

  /** From now on the page's requests and its connection lead here. */
  constructor() {
    super();
    vi.stubGlobal("fetch", (address: string, { body }: { body: string }) =>
      this.answer(address.replace("/API/user/", ""), JSON.parse(body) as Record<string, unknown>),
    );
  }

  /** These happen now, one after the other. */
  play(...scenes: Scene[]): Promise<void> {
    const { frames, requests } = happened(...scenes);
    this.requests.push(...requests);
    return this.perform(frames);
  }

  /** What was requested in the scenes and not by the page. */
  get notWanted(): string[] {
    return this.requests.map(({ path }) => path);
  }

  private async answer(path: string, body: Record<string, unknown>): Promise<Response> {
    await Promise.resolve();
    if (this.isDown) {
      throw new TypeError("nobody is there");
    }
    const wanted = keyOf(path, body);
    const found =
      this.take(wanted) ?? (REPEATABLE.test(path) ? this.answers.get(wanted) : undefined);
    if (found === undefined) {
      this.unwanted.push(wanted);
      throw new TypeError("nobody was recorded who asked for that");
    }
    this.answers.set(wanted, found);
    return responseOf(found.answer);
  }

  private take(wanted: string): Wanted | undefined {
    const at = this.requests.findIndex(({ path, body }) => keyOf(path, body) === wanted);
    return at < 0 ? undefined : this.requests.splice(at, 1)[0];
  }
}

/** Who asks, over which connection and under which key are the page's own. */
function keyOf(path: string, body: Record<string, unknown>): string {
  const own = ["id", "token", "socket_id", "key"];
  const rest = Object.entries(body).filter(([name]) => !own.includes(name));
  return path + JSON.stringify(Object.fromEntries(rest.sort(([a], [b]) => (a < b ? -1 : 1))));
}

function responseOf({ status, said }: Wanted["answer"]): Response {
  const isText = typeof said === "string";
  const headers = { "Content-Type": isText ? "text/plain" : "application/json" };
  return new Response(isText ? said : JSON.stringify(said), { status, headers });
}
