/**
 * A student's connection to a room. It comes back by itself, and says each time that it did: whoever
 * uses it then takes up the place again.
 */
import type { Socket } from "socket.io-client";
import type {
  Alert,
  AlertCode,
  ClassroomClientEvents,
  ClassroomNotice,
  ClassroomServerEvents,
  CurrentMessage,
  ErrorPayload,
  File,
  GivenPass,
  Ignores,
  Joined,
  PlaceInQueue,
  ReportChecks,
  ReportRun,
  Revealed,
  Reviewed,
  Rules,
  Sent,
  Sentence,
  Status,
  Tasks,
  UnsentFile,
} from "./generated";
import { connectNow, makeSocket, watchLink, type Link } from "./socket";

const PROTOCOL = 3;
const ANSWER_MS = 15_000;

/** What a student hears, as one closed union. */
export type Heard =
  | { kind: "link"; link: Link }
  | { kind: "joined"; joined: Joined }
  | { kind: "tasks"; tasks: Tasks }
  | { kind: "exercise"; content: string }
  | { kind: "ignores"; ignores: Ignores }
  | { kind: "rules"; rules: Rules }
  | { kind: "reviewed"; review: Reviewed }
  | { kind: "revealed"; revealed: Revealed }
  | { kind: "place"; place: PlaceInQueue }
  | { kind: "message"; message: CurrentMessage }
  | { kind: "history"; messages: CurrentMessage[] }
  | { kind: "notice"; notice: ClassroomNotice }
  | { kind: "watching"; isWatched: boolean }
  | { kind: "teacher"; isAway: boolean }
  | { kind: "taken" }
  | { kind: "closed" }
  | { kind: "alert"; code: AlertCode | undefined; text: string; type: string };

/** `done`: the server has taken it; `lost`: nobody knows, the connection went first. */
export type Answer = "done" | "lost" | ErrorPayload;

// What events of their own say already, or the answer to what was asked.
const SAID_OTHERWISE: readonly (AlertCode | undefined)[] = [
  "accepted",
  "declined",
  "barred",
  "locked",
  "name_taken",
  // The connection ends with it, and the page comes back by itself.
  "silent",
];

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

  /** Takes up the place that a pass is for. */
  joinBy(pass: string): Promise<Answer> {
    return this.ask("room/join", { room_id: this.room, pass, protocol: PROTOCOL });
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

  /** With this pass another device takes up the own place. */
  async pass(): Promise<GivenPass | Exclude<Answer, "done">> {
    const reply = await this.reply("room/pass", {});
    const answer = answerOf(reply);
    return answer === "done" ? (reply as GivenPass) : answer;
  }

  /** Of some tasks; the others stay as they are. */
  report(statuses: Record<string, Status>): Promise<Answer> {
    return this.ask("tasks/report", { statuses });
  }

  askForHelp(task: string | undefined, note: string): Promise<Answer> {
    return this.ask("help/ask", task === undefined ? { note } : { task, note });
  }

  pauseHelp(isPaused: boolean): Promise<Answer> {
    return this.ask("help/pause", { is_paused: isPaused });
  }

  cancelHelp(): Promise<Answer> {
    return this.ask("help/cancel", {});
  }

  reportRun(report: Omit<ReportRun, "room_id">): Promise<Answer> {
    return this.ask("run/report", report);
  }

  reportChecks(report: Omit<ReportChecks, "room_id">): Promise<Answer> {
    return this.ask("checks/report", report);
  }

  /** All files; the teacher forgets those that it knew before. */
  sendTree(files: File[], isRecorded: boolean): Promise<Answer> {
    const recorded = isRecorded ? { is_recorded: true } : {};
    return this.ask("sharing/code_send", { room_id: this.room, files, ...recorded });
  }

  /** Files that have changed; `isPasted`: whether any of the text came so. */
  sendFiles(files: File[], isRecorded: boolean, isPasted: boolean): Promise<Answer> {
    const recorded = isRecorded ? { is_recorded: true, pasted: isPasted } : {};
    return this.ask("sharing/code_update", { room_id: this.room, files, ...recorded });
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
  "tasks/all": (tasks) => ({ kind: "tasks", tasks }),
  "tasks/reviewed": (review) => ({ kind: "reviewed", review }),
  "tasks/reveal": (revealed) => ({ kind: "revealed", revealed }),
  exercise: ({ content }) => ({ kind: "exercise", content }),
  settings: (ignores) => ({ kind: "ignores", ignores }),
  rules: (rules) => ({ kind: "rules", rules }),
  "help/place": (place) => ({ kind: "place", place }),
  notice: (notice) => ({ kind: "notice", notice }),
  "message/to_client": (message) => ({ kind: "message", message }),
  "message/user": ({ messages }) => ({ kind: "history", messages }),
  "sharing/start": () => ({ kind: "watching", isWatched: true }),
  "sharing/end": () => ({ kind: "watching", isWatched: false }),
  "room/closed": () => ({ kind: "closed" }),
  message: (sentence) => said(sentence),
  // The same comes as `alert`, for older clients.
  alerts: (alert) => alerted(alert),
};

/** What an event means to a student; undefined for one that means nothing, or is said otherwise. */
export function heardOf(event: string, payload: unknown): Heard | undefined {
  const means = HEARS[event as keyof Hears] as
    ((payload: unknown) => Heard | undefined) | undefined;
  return means?.(payload);
}

function said({ message, code }: Sentence): Heard {
  return code === undefined
    ? { kind: "alert", code, text: message, type: "INFO" }
    : { kind: "teacher", isAway: code === "teacher_away" };
}

function alerted({ code, message, type }: Alert): Heard | undefined {
  if (code === "place_taken") {
    return { kind: "taken" };
  }
  return SAID_OTHERWISE.includes(code) ? undefined : { kind: "alert", code, text: message, type };
}

/** An acknowledgement holds what came of it, or, with a code, what is wrong. */
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
