/**
 * A server for tests that says what the real one has said: `scenes.json` is recorded from it, and a test
 * of the server's holds that it is what the server says today.
 *
 * Nothing moves by itself: the test lets frames arrive, or cuts the line.
 */
import type { Wire } from "../wire/chat";
import type { ChatAsked, ChatSaid } from "../wire/generated";
import recorded from "./scenes.json";

export type Scene = keyof typeof recorded;
type Frame = { asked: ChatAsked } | { told: ChatSaid };

export function framesOf(scene: Scene): readonly Frame[] {
  return recorded[scene] as readonly Frame[];
}

/** The page's own keys of messages, by those that were recorded. */
export type Keys = Map<string, string>;

/** One WebSocket, on which some scenes happen. */
export class Replay implements Wire {
  onopen: Wire["onopen"] = null;
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;
  isDead = false;
  /** What the page has asked and nobody did who was recorded. */
  readonly unexpected: ChatAsked[] = [];
  private readonly rest: Frame[];
  private readonly down: ChatSaid[] = [];
  private isOpen = false;

  constructor(
    scenes: readonly Scene[],
    private readonly keys: Keys,
  ) {
    this.rest = scenes.flatMap(framesOf);
  }

  /** What was asked in the scenes and not by the page. */
  get notAsked(): ChatAsked[] {
    return this.rest.flatMap((frame) => ("asked" in frame ? [frame.asked] : []));
  }

  send(text: string): void {
    if (this.isDead) {
      return;
    }
    const asked = JSON.parse(text) as ChatAsked;
    const at = this.rest.findIndex((frame) => "asked" in frame && this.isSame(frame.asked, asked));
    if (at < 0) {
      this.unexpected.push(asked);
      return;
    }
    const next = this.rest.findIndex((frame, index) => index > at && "asked" in frame);
    const [, ...answers] = this.rest.splice(at, (next < 0 ? this.rest.length : next) - at);
    this.down.push(...answers.flatMap((frame) => ("told" in frame ? [frame.told] : [])));
  }

  /** The page is done with it. */
  close(): void {
    this.isDead = true;
    this.onclose = null;
  }

  /** Lets one thing arrive at the page; false if there is none. */
  carry(): boolean {
    if (this.isDead || this.onopen === null) {
      return false;
    }
    if (!this.isOpen) {
      this.isOpen = true;
      this.onopen.call(this as unknown as WebSocket, new Event("open"));
      return true;
    }
    const said = this.down.shift() ?? this.news();
    if (said !== undefined) {
      const data = JSON.stringify(this.withPagesKey(said));
      this.onmessage?.call(this as unknown as WebSocket, new MessageEvent("message", { data }));
    }
    return said !== undefined;
  }

  /** The network breaks, and with it what was on its way; the browser finds out by `notice`. */
  cut(): void {
    this.isDead = true;
    this.down.length = 0;
  }

  notice(code = 1006): void {
    const event = Object.assign(new Event("close"), { code, wasClean: code !== 1006, reason: "" });
    this.onclose?.call(this as unknown as WebSocket, event);
  }

  /** What others do, when nothing is left to be asked before it. */
  private news(): ChatSaid | undefined {
    const [first] = this.rest;
    if (first === undefined || !("told" in first)) {
      return undefined;
    }
    this.rest.shift();
    return first.told;
  }

  private isSame(then: ChatAsked, now: ChatAsked): boolean {
    if (then.type !== "send_message" || now.type !== "send_message") {
      return JSON.stringify(then) === JSON.stringify(now);
    }
    const [theirs, ours] = [then.key ?? "", now.key ?? ""];
    const isOurs = then.chat === now.chat && then.message === now.message;
    const isNew = !this.keys.has(theirs) && ![...this.keys.values()].includes(ours);
    if (isOurs && isNew) {
      this.keys.set(theirs, ours);
    }
    return isOurs && this.keys.get(theirs) === ours;
  }

  private withPagesKey(said: ChatSaid): ChatSaid {
    return "key" in said && said.key !== undefined
      ? { ...said, key: this.keys.get(said.key) ?? said.key }
      : said;
  }
}
