/** The connection of nearby: the server says when to ask again, and this asks. */
import type { Socket } from "socket.io-client";
import type { Place } from "../map/places";
import type { Event } from "../nearby/state";
import type { Waiting } from "../nearby/talk";
import { path } from "../page";
import { Backoff } from "./backoff";
import type { Ack, NearbyClientEvents, NearbyServerEvents, RestRoutes, Told } from "./generated";
import { connectNow, makeSocket, watchLink } from "./socket";

/** What the server declined, or that it cannot be reached (`status` 0, `code` "unreachable"). */
export class Declined extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterS = 0,
  ) {
    super(message);
  }

  /** Whether the same may succeed later. */
  get isForNow(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Does some work, one at a time; asked for meanwhile, once more after it; if it fails, again later. */
export class Repeated {
  private isWorking = false;
  private isWanted = false;
  private isStopped = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `failed` says whether to try again; `gapMs` is the least time between two. */
  constructor(
    private readonly work: () => Promise<void>,
    private readonly failed: (problem: unknown) => boolean,
    private readonly gapMs = 0,
    private readonly backoff = new Backoff(),
  ) {}

  ask(): void {
    this.isWanted = true;
    if (!this.isWorking && !this.isStopped) {
      void this.run();
    }
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    clearTimeout(this.timer);
    this.isWorking = true;
    this.isWanted = false;
    let waitMs = this.gapMs;
    try {
      await this.work();
      this.backoff.reset();
    } catch (problem) {
      if (!this.isStopped && this.failed(problem)) {
        this.isWanted = true;
        waitMs = this.backoff.next();
      }
    }
    this.timer = setTimeout(() => {
      this.isWorking = false;
      if (this.isWanted && !this.isStopped) {
        void this.run();
      }
    }, waitMs);
  }
}

/** What people ask for: `Asked<"show/range">` is a request without who asks, which this adds. */
type Path = keyof RestRoutes extends infer Route
  ? Route extends `POST /API/user/${infer Rest}`
    ? Rest
    : never
  : never;
type Route<What extends Path> = RestRoutes[`POST /API/user/${What}`];
type Body<What extends Path> = Exclude<Route<What>["body"], unknown[]>;
type Asked<What extends Path> = Omit<Body<What>, "id" | "token">;

interface Who {
  user: string;
  token: string;
}

/** What is asked for depends on these, at the moment of asking. */
export interface Wanted {
  place: Place | undefined;
  rangeM: number;
  /** The oldest message that is not at the server yet. */
  waiting: Waiting | undefined;
}

const ANSWER_WITHIN_MS = 10_000;
const MOVEMENT_GAP_MS = 200;
const CAMPUS_GAP_MS = 1_000;
/** What `message/send` answers where some are unknown; their ids follow. */
const UNKNOWN = "Unknown: ";

export class NearbyWire {
  private readonly socket: Socket<NearbyServerEvents, NearbyClientEvents>;
  private readonly backoff = new Backoff();
  private readonly position: Repeated;
  private readonly range: Repeated;
  private readonly people: Repeated;
  private readonly inbox: Repeated;
  private readonly campus: Repeated;
  private readonly outbox: Repeated;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isRangeUnsaved = false;
  private isEntered = false;
  private isMapped = false;

  constructor(
    private readonly who: Who,
    private readonly hear: (event: Event) => void,
    private readonly complain: (problem: Declined) => void,
    private readonly wanted: () => Wanted,
  ) {
    const failed = (problem: unknown): boolean => this.failed(problem);
    this.position = new Repeated(() => this.report(), failed);
    this.range = new Repeated(() => this.saveRange(), failed);
    this.people = new Repeated(() => this.look(), failed, MOVEMENT_GAP_MS);
    this.inbox = new Repeated(() => this.fetchMessages(), failed);
    this.campus = new Repeated(() => this.fetchBuildings(), failed, CAMPUS_GAP_MS);
    // Said at the message itself, as long as it waits.
    this.outbox = new Repeated(
      () => this.sendWaiting(),
      (problem) => this.failed(problem, () => undefined),
    );
    this.socket = makeSocket<NearbyServerEvents, NearbyClientEvents>();
    this.socket.on("connect", () => this.enter());
    this.socket.on("new_movement", () => this.people.ask());
    this.socket.on("new_message", () => this.inbox.ask());
    this.socket.on("new_buildings", () => this.campus.ask());
    watchLink(this.socket, (link) => {
      this.isEntered = this.isMapped = false;
      if (link === "lost" || link === "ended") {
        this.hear({ type: "linked", link: "lost" });
      }
      // The server has ended it: because it stops, or because somebody has logged out elsewhere.
      if (link === "ended") {
        this.timer = setTimeout(() => this.socket.connect(), this.backoff.next());
      }
    });
  }

  start(): void {
    this.socket.connect();
  }

  /** Try at once, without waiting for the next attempt. */
  retry(): void {
    clearTimeout(this.timer);
    connectNow(this.socket);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.socket.off();
    this.socket.disconnect();
    const { position, range, people, inbox, campus, outbox } = this;
    for (const each of [position, range, people, inbox, campus, outbox]) {
      each.stop();
    }
  }

  // What has changed here

  moved(): void {
    this.askIfEntered(this.position);
  }

  rangeChanged(): void {
    this.isRangeUnsaved = true;
    this.askIfEntered(this.range);
  }

  /** There is something to be sent. */
  written(): void {
    this.askIfEntered(this.outbox);
  }

  /** Let others see us, or not. Raises Declined. */
  async show(isVisible: boolean): Promise<void> {
    await this.wish("update/visible", { visible: isVisible });
  }

  /** What somebody waits for: if the session is over, all is. */
  private async wish<What extends Path>(
    what: What,
    fields: Asked<What>,
  ): Promise<Route<What>["answer"]> {
    try {
      return await this.ask(what, fields);
    } catch (problem) {
      if (problem instanceof Declined && problem.status === 401) {
        this.end();
      }
      throw problem;
    }
  }

  // Without a connection everything is asked for once there is one again.
  private askIfEntered(work: Repeated): void {
    if (this.isEntered) {
      work.ask();
    }
  }

  // The connection

  private enter(): void {
    const { user, token } = this.who;
    // With a limit of time an acknowledgement says first whether it was lost.
    const acknowledge = (lost: Error | null, answer?: unknown): void => {
      if (lost !== null) {
        this.comeAgain();
      } else if (isError(answer)) {
        this.refused(new Declined(0, answer.code, answer.message));
      } else {
        this.entered();
      }
    };
    this.socket
      .timeout(ANSWER_WITHIN_MS)
      .emit("new_client", { id: user, token, buildings: true }, acknowledge as unknown as Ack);
  }

  private refused(problem: Declined): void {
    if (problem.code === "wrong_token") {
      this.end();
    } else {
      this.complain(problem);
      this.comeAgain();
    }
  }

  // A connection that is lost comes again by itself.
  private comeAgain(): void {
    if (this.socket.connected) {
      this.socket.disconnect();
    }
  }

  private entered(): void {
    this.isEntered = true;
    this.backoff.reset();
    this.hear({ type: "linked", link: "open" });
    this.hear({ type: "entered" });
    if (this.isRangeUnsaved) {
      this.range.ask();
    }
    (this.wanted().place ? this.position : this.people).ask();
    this.inbox.ask();
    this.campus.ask();
    this.outbox.ask();
  }

  private end(): void {
    this.stop();
    this.hear({ type: "over" });
  }

  // Asking

  private async report(): Promise<void> {
    const { place } = this.wanted();
    if (place !== undefined) {
      const { latitude, longitude } = place;
      const name = await this.ask("update/coordinates", { latitude, longitude });
      this.hear({ type: "housed", name });
      this.people.ask();
    }
  }

  private async saveRange(): Promise<void> {
    this.isRangeUnsaved = false;
    try {
      await this.ask("update/range", { radious: this.wanted().rangeM });
    } catch (problem) {
      this.isRangeUnsaved = problem instanceof Declined && problem.isForNow;
      throw problem;
    }
    this.people.ask();
  }

  private async look(): Promise<void> {
    const { place, rangeM } = this.wanted();
    const [building, range] = await Promise.all([
      this.ask("show/building", {}),
      place
        ? this.ask("show/range", {
            latitude: place.latitude,
            longitude: place.longitude,
            radious: rangeM,
          })
        : [],
    ]);
    this.hear({ type: "around", building: building.map(({ id }) => id), range });
  }

  /** One after the other, so that none overtakes another; the server takes each key once. */
  private async sendWaiting(): Promise<void> {
    for (let next = this.wanted().waiting; next !== undefined; next = this.wanted().waiting) {
      const { key, text, to } = next;
      try {
        const answer = await this.ask("message/send", {
          users: [...to.names],
          message: text,
          key,
          ...(to.target !== "chosen" && { audience: to.target }),
        });
        const unknown = answer.startsWith(UNKNOWN) ? answer.slice(UNKNOWN.length) : "";
        this.hear({ type: "delivered", key, unknown });
      } catch (problem) {
        if (!(problem instanceof Declined) || problem.isForNow || problem.status === 401) {
          throw problem;
        }
        this.hear({ type: "refused", key, code: problem.code, detail: problem.message });
      }
    }
  }

  private async fetchMessages(): Promise<void> {
    // The session's name in version 4 of the protocol; the server accepts the socket's, too.
    const session = this.socket.io.engine.id;
    const texts = await this.ask("message/receive", { socket_id: session, audience: true });
    this.hear({ type: "heard", messages: texts.map((text) => JSON.parse(text) as Told) });
  }

  private async fetchBuildings(): Promise<void> {
    const buildings = await this.ask("show/buildings", {});
    this.hear({ type: "mapped", buildings });
    // The one that we are in may be another now.
    if (this.isMapped) {
      this.position.ask();
    }
    this.isMapped = true;
  }

  private failed(problem: unknown, complain = this.complain): boolean {
    if (!(problem instanceof Declined)) {
      throw problem; // a fault of this page
    }
    if (problem.status === 401) {
      this.end();
      return false;
    }
    // Whoever has lost the connection sees that, and all is asked for again when it is back.
    if (this.isEntered && problem.status !== 0) {
      complain(problem);
    }
    return problem.isForNow && this.isEntered;
  }

  private async ask<What extends Path>(
    what: What,
    fields: Asked<What>,
  ): Promise<Route<What>["answer"]> {
    const { user, token } = this.who;
    const response = await fetch(path(`/API/user/${what}`), {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json, text/plain" },
      body: JSON.stringify({ id: user, token, ...fields }),
      // A path that is dead at the other end answers nothing, for minutes.
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    }).catch(() => undefined);
    if (response === undefined) {
      throw new Declined(0, "unreachable", "");
    }
    if (!response.ok) {
      throw await declinedBy(response);
    }
    const isJson = response.headers.get("content-type")?.includes("json");
    return (isJson ? response.json() : response.text()) as Promise<Route<What>["answer"]>;
  }
}

/** What an answer that is none says: ours in JSON, or anything of whatever stands between. */
export async function declinedBy(response: Response): Promise<Declined> {
  const wait = Number(response.headers.get("retry-after") ?? 0);
  try {
    const { code, detail } = (await response.json()) as { code?: string; detail?: string };
    return new Declined(response.status, code ?? "other", detail ?? "", wait);
  } catch {
    return new Declined(response.status, "other", `HTTP ${response.status}`, wait);
  }
}

function isError(answer: unknown): answer is { code: string; message: string } {
  return typeof answer === "object" && answer !== null && "code" in answer;
}
