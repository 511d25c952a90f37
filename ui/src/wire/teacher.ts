/** The teacher's side of the classroom's wire: one connection, and an answer to everything asked. */
import type { Socket } from "socket.io-client";
import { Backoff } from "./backoff";
import type { ClassroomClientEvents, ClassroomServerEvents, ErrorPayload } from "./generated";
import { connectNow, makeSocket, watchLink, type Link } from "./socket";

export type Asked = keyof ClassroomClientEvents;
export type Payload<E extends Asked> = Parameters<ClassroomClientEvents[E]>[0];
/** What the server acknowledges it by. */
export type Result<E extends Asked> = E extends Asked
  ? NonNullable<Parameters<ClassroomClientEvents[E]>[1]> extends (answer?: infer Given) => void
    ? Exclude<Given, ErrorPayload | null | undefined>
    : never
  : never;

/** What became of something that was asked. */
export type Answer<E extends Asked = Asked> = { isDone: true; result: Result<E> } | Refusal;

/** `code` is the server's, or `offline` and `no_answer`, which are ours. */
export interface Refusal {
  isDone: false;
  code: string;
  message: string;
  retryAfterS: number | undefined;
}

/** Why a connection was ended by the server, and does not come back by itself. */
export type Parting = "place_taken" | "handed_over" | "rekeyed";

/** What the teacher's page listens to. */
export interface Listener {
  link(link: Link): void;
  /** The class is another connection's now; this one does not come back by itself. */
  taken(why: Parting): void;
  said<E extends Said>(event: E, payload: SaidPayload<E>): void;
}

const SAID = [
  "room/update",
  "tasks/all",
  "tasks/report",
  "help/queue",
  "run/report",
  "checks/report",
  "notice",
  "signal",
  "sharing/code_send",
  "sharing/code_update",
  "sharing/left_out",
  "message/to_mentor",
  "message/user",
  "message",
  "alerts",
  "error",
] as const;
export type Said = (typeof SAID)[number];
export type SaidPayload<E extends Said> = Parameters<ClassroomServerEvents[E]>[0];

type Says = Record<string, (payload: unknown, ack: (answer: unknown) => void) => void>;

// A server that is there answers in milliseconds, and commits in at most some seconds.
const ANSWER_WITHIN_MS = 12_000;
const PARTINGS: readonly string[] = ["place_taken", "handed_over", "rekeyed"] satisfies Parting[];

export class TeacherWire {
  private readonly socket: Socket<ClassroomServerEvents, Says>;
  private readonly backoff = new Backoff();
  private isWanted = false;
  /** Said of this connection: its end follows. */
  private parting: Parting | undefined;
  private returning: ReturnType<typeof setTimeout> | undefined;
  /** Events that wait for an answer: what is wrong with them is told by it. */
  private readonly waiting = new Map<string, number>();

  constructor(private readonly listener: Listener) {
    this.socket = makeSocket<ClassroomServerEvents, Says>();
    watchLink(this.socket, (link) => this.linked(link));
    this.socket.onAny((event: string, payload: unknown) => {
      if (isSaid(event)) {
        this.hear(event, payload as SaidPayload<Said>);
      }
    });
  }

  /** Connects now, and comes back by itself from then on. */
  open(): void {
    this.isWanted = true;
    clearTimeout(this.returning);
    connectNow(this.socket);
  }

  close(): void {
    this.isWanted = false;
    clearTimeout(this.returning);
    this.socket.disconnect();
  }

  get isOpen(): boolean {
    return this.socket.connected;
  }

  /** Asks the server for something. Nothing is kept for later: while offline it is refused. */
  async ask<E extends Asked>(event: E, payload: Payload<E>): Promise<Answer<E>> {
    if (!this.socket.connected) {
      return refusal("offline", "");
    }
    this.waiting.set(event, (this.waiting.get(event) ?? 0) + 1);
    try {
      const reply: unknown = await this.socket
        .timeout(ANSWER_WITHIN_MS)
        .emitWithAck(event, payload);
      return answerOf<E>(reply);
    } catch {
      return refusal("no_answer", "");
    } finally {
      this.waiting.set(event, (this.waiting.get(event) ?? 1) - 1);
    }
  }

  private hear(event: Said, payload: SaidPayload<Said>): void {
    const code = event === "alerts" ? (payload as SaidPayload<"alerts">).code : undefined;
    if (isParting(code)) {
      this.parting = code;
      return;
    }
    const isAnswered =
      event === "error" && this.waiting.get((payload as SaidPayload<"error">).event);
    if (!isAnswered) {
      this.listener.said(event, payload);
    }
  }

  private linked(link: Link): void {
    const { parting } = this;
    this.parting = undefined;
    if (link === "ended" && parting !== undefined) {
      this.isWanted = false;
      this.listener.taken(parting);
      return;
    }
    this.listener.link(link === "ended" && this.isWanted ? "lost" : link);
    // A server that goes down ends its connections by name, and one that is full refuses them:
    // after either, the library does not try again.
    if (link !== "open" && this.isWanted && !this.socket.active) {
      clearTimeout(this.returning);
      this.returning = setTimeout(() => this.socket.connect(), this.backoff.next());
    } else if (link === "open") {
      this.backoff.reset();
    }
  }
}

function isSaid(event: string): event is Said {
  return (SAID as readonly string[]).includes(event);
}

function isParting(code: string | undefined): code is Parting {
  return code !== undefined && PARTINGS.includes(code);
}

/** An acknowledgement holds a result, which may be empty, or what is wrong. */
export function answerOf<E extends Asked>(reply: unknown): Answer<E> {
  const error = reply as Partial<ErrorPayload> | null | undefined;
  return typeof error === "object" && typeof error?.code === "string"
    ? refusal(error.code, error.message ?? "", error.retry_after_s)
    : { isDone: true, result: reply as Result<E> };
}

function refusal(code: string, message: string, retryAfterS?: number): Refusal {
  return { isDone: false, code, message: message.replace(/^Error: /, ""), retryAfterS };
}
