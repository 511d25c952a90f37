/**
 * A student's connection to a room. It comes back by itself, and says each time that it did: whoever
 * uses it then takes up the place again.
 */
import type { Socket } from "socket.io-client";
import type {
  ClassroomClientEvents,
  ClassroomServerEvents,
  CurrentMessage,
  ErrorPayload,
  File,
  Ignores,
  Joined,
  UnsentFile,
  Sent,
  Signal,
  Status,
  Step,
} from "./generated";
import { connectNow, makeSocket, watchLink, type Link } from "./socket";

const PROTOCOL = 2;
const ANSWER_MS = 15_000;

/** What a student hears, as one closed union. */
export type Heard =
  | { kind: "link"; link: Link }
  | { kind: "joined"; joined: Joined }
  | { kind: "steps"; steps: Step[] }
  | { kind: "exercise"; content: string }
  | { kind: "ignores"; ignores: Ignores }
  | { kind: "reviewed"; statuses: Record<string, Status> }
  | { kind: "message"; message: CurrentMessage }
  | { kind: "history"; messages: CurrentMessage[] }
  | { kind: "watching"; isWatched: boolean }
  | { kind: "teacher"; isAway: boolean }
  | { kind: "taken" }
  | { kind: "closed" }
  | { kind: "notice"; text: string; type: string };

/** `done`: the server has taken it; `lost`: nobody knows, the connection went first. */
export type Answer = "done" | "lost" | ErrorPayload;

// The server's sentences that mean something to a program; others are shown as they are.
const TEACHER_AWAY = "The teacher is offline!";
const TEACHER_BACK = "The teacher reconnected!";
const TAKEN = /^Your place in the room was taken/;
// What events of their own say already.
const SAID_OTHERWISE =
  /^(Task \S+ solution (accepted|declined)!|Username .* is already used|Room \d+ is locked|The teacher of room \d+ does not)/;

export class StudentWire {
  private readonly socket: Socket<ClassroomServerEvents, ClassroomClientEvents>;

  constructor(
    private readonly room: number,
    hear: (heard: Heard) => void,
  ) {
    this.socket = makeSocket<ClassroomServerEvents, ClassroomClientEvents>();
    watchLink(this.socket, (link) => hear({ kind: "link", link }));
    this.socket.onAny((event: string, payload: unknown) => {
      const heard = heardOf(event, payload);
      if (heard !== undefined) {
        hear(heard);
      }
    });
  }

  get isOpen(): boolean {
    return this.socket.connected;
  }

  connect(): void {
    this.socket.connect();
  }

  /** Connects now, whatever the next attempt was waiting for. */
  retry(): void {
    connectNow(this.socket);
  }

  disconnect(): void {
    this.socket.disconnect();
  }

  join(name: string): Promise<Answer> {
    return this.ask("room/join", { room_id: this.room, name, protocol: PROTOCOL });
  }

  rejoin(id: number, token: string): Promise<Answer> {
    const place = { room_id: this.room, user_id: id };
    // Whoever has taken up the place of an original client got no token, and shows none.
    const proof = token === "" ? {} : { token };
    return this.ask("room/rejoin", { ...place, ...proof, protocol: PROTOCOL });
  }

  leave(): Promise<Answer> {
    return this.ask("room/leave", { room_id: this.room });
  }

  /** The same again with the same `key` is one message. */
  async say(content: string, key: string): Promise<Answer | Sent> {
    const reply = await this.reply("message/to_mentor", { room_id: this.room, content, key });
    return isSent(reply) ? reply : answerOf(reply);
  }

  askHistory(id: number): Promise<Answer> {
    return this.ask("message/user", { user_id: id });
  }

  signal(id: number, value: Signal): Promise<Answer> {
    return this.ask("signal", { user_id: id, value });
  }

  report(statuses: Record<string, Status>): Promise<Answer> {
    return this.ask("steps/status/to_mentor", statuses);
  }

  /** All files; the teacher forgets those that it knew before. */
  sendTree(files: File[]): Promise<Answer> {
    return this.ask("sharing/code_send", { room_id: this.room, files });
  }

  sendFiles(files: File[]): Promise<Answer> {
    return this.ask("sharing/code_update", { room_id: this.room, files });
  }

  /** Which files are not sent; the teacher's page shows it. */
  sayLeftOut(files: UnsentFile[]): Promise<Answer> {
    return this.ask("sharing/left_out", { room_id: this.room, files });
  }

  private async ask<E extends keyof ClassroomClientEvents>(
    event: E,
    payload: Parameters<ClassroomClientEvents[E]>[0],
  ): Promise<Answer> {
    return answerOf(await this.reply(event, payload));
  }

  /** What the acknowledgement holds; `lost` if there was none. */
  private reply<E extends keyof ClassroomClientEvents>(
    event: E,
    payload: Parameters<ClassroomClientEvents[E]>[0],
  ): Promise<unknown> {
    if (!this.socket.connected) {
      // The library would keep it and send it before the place in the room is taken up again.
      return Promise.resolve("lost");
    }
    return new Promise((resolve) => {
      const socket = this.socket.timeout(ANSWER_MS) as unknown as {
        emit: (
          event: string,
          payload: unknown,
          answer: (failure: Error | null, reply?: unknown) => void,
        ) => void;
      };
      socket.emit(event, payload, (failure, reply) => {
        resolve(failure !== null ? "lost" : reply);
      });
    });
  }
}

type Hears = {
  [E in keyof ClassroomServerEvents]?: (
    payload: Parameters<ClassroomServerEvents[E]>[0],
  ) => Heard | undefined;
};

const HEARS: Hears = {
  "room/join": (joined) => ({ kind: "joined", joined }),
  "steps/all": (steps) => ({ kind: "steps", steps }),
  exercise: ({ content }) => ({ kind: "exercise", content }),
  settings: (ignores) => ({ kind: "ignores", ignores }),
  "steps/status/to_client": (statuses) => ({ kind: "reviewed", statuses }),
  "message/to_client": (message) => ({ kind: "message", message }),
  "message/user": ({ messages }) => ({ kind: "history", messages }),
  "sharing/start": () => ({ kind: "watching", isWatched: true }),
  "sharing/end": () => ({ kind: "watching", isWatched: false }),
  "room/closed": () => ({ kind: "closed" }),
  message: ({ message }) => sentence(message),
  // The same comes as `alert`, for older clients.
  alerts: ({ message, type }) => alerted(message, type),
};

/** What an event means to a student; undefined for one that means nothing, or is said otherwise. */
export function heardOf(event: string, payload: unknown): Heard | undefined {
  const means = HEARS[event as keyof Hears] as
    ((payload: unknown) => Heard | undefined) | undefined;
  return means?.(payload);
}

function sentence(text: string): Heard {
  return text === TEACHER_AWAY || text === TEACHER_BACK
    ? { kind: "teacher", isAway: text === TEACHER_AWAY }
    : { kind: "notice", text, type: "INFO" };
}

function alerted(text: string, type: string): Heard | undefined {
  if (TAKEN.test(text)) {
    return { kind: "taken" };
  }
  return SAID_OTHERWISE.test(text) ? undefined : { kind: "notice", text, type };
}

/** An acknowledgement holds nothing, or what is wrong. */
function answerOf(reply: unknown): Answer {
  if (reply === "lost") {
    return reply;
  }
  const error = reply as Partial<ErrorPayload> | null | undefined;
  return typeof error?.code === "string" ? (error as ErrorPayload) : "done";
}

function isSent(reply: unknown): reply is Sent {
  const sent = reply as Partial<Sent> | null | undefined;
  return typeof sent?.id === "number" && typeof sent.at === "string";
}
