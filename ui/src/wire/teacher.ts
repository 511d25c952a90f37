/** The teacher's side of the classroom's wire: one connection, and an answer to everything asked. */
import type { Socket } from "socket.io-client";
import { Backoff } from "./backoff";
import type { ClassroomClientEvents, ClassroomServerEvents, ErrorPayload } from "./generated";
import { connectNow, makeSocket, watchLink, type Link } from "./socket";

/** What became of something that was asked. */
export type Answer = { isDone: true } | Refusal;

/** `code` is the server's, or `offline` and `no_answer`, which are ours. */
export interface Refusal {
  isDone: false;
  code: string;
  message: string;
  retryAfterS: number | undefined;
}

export type Asked = keyof ClassroomClientEvents;
export type Payload<E extends Asked> = Parameters<ClassroomClientEvents[E]>[0];

/** What the teacher's page listens to. */
export interface Listener {
  link(link: Link): void;
  /** Another connection has taken the class over; this one does not come back by itself. */
  taken(): void;
  said<E extends Said>(event: E, payload: SaidPayload<E>): void;
}

const SAID = [
  "room/update",
  "steps/load",
  "steps/status/to_mentor",
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
// The notice that the place was taken is followed at once by the end of the connection.
const TAKEN_WITHIN_MS = 3_000;

export class TeacherWire {
  private readonly socket: Socket<ClassroomServerEvents, Says>;
  private readonly backoff = new Backoff();
  private isWanted = false;
  private noticeAt = -Infinity;
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
  async ask<E extends Asked>(event: E, payload: Payload<E>): Promise<Answer> {
    if (!this.socket.connected) {
      return refusal("offline", "");
    }
    this.waiting.set(event, (this.waiting.get(event) ?? 0) + 1);
    try {
      const reply: unknown = await this.socket
        .timeout(ANSWER_WITHIN_MS)
        .emitWithAck(event, payload);
      return answerOf(reply);
    } catch {
      return refusal("no_answer", "");
    } finally {
      this.waiting.set(event, (this.waiting.get(event) ?? 1) - 1);
    }
  }

  private hear(event: Said, payload: SaidPayload<Said>): void {
    if (event === "alerts" && (payload as SaidPayload<"alerts">).type === "INFO") {
      this.noticeAt = performance.now();
    }
    const isAnswered =
      event === "error" && this.waiting.get((payload as SaidPayload<"error">).event);
    if (!isAnswered) {
      this.listener.said(event, payload);
    }
  }

  private linked(link: Link): void {
    if (link === "ended" && performance.now() - this.noticeAt < TAKEN_WITHIN_MS) {
      this.noticeAt = -Infinity;
      this.isWanted = false;
      this.listener.taken();
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

/** An acknowledgement holds nothing, or what is wrong. */
export function answerOf(reply: unknown): Answer {
  const error = reply as Partial<ErrorPayload> | null | undefined;
  return typeof error === "object" && typeof error?.code === "string"
    ? refusal(error.code, error.message ?? "", error.retry_after_s)
    : { isDone: true };
}

function refusal(code: string, message: string, retryAfterS?: number): Refusal {
  return { isDone: false, code, message: message.replace(/^Error: /, ""), retryAfterS };
}
