/** What this browser remembers of a room: who the student is there, what was read, the project. */
import { asStatus, type Status } from "../class/status";
import { forget, keep, kept, keptKeys } from "../wire/kept";
import { asProject, EMPTY, type Project } from "./project";
import type { Call } from "./helping";
import type { Identity } from "./state";

/** The latest of each that the student has seen. */
export interface Read {
  readonly messages: number;
  readonly notices: number;
}

export const NOTHING_READ: Read = { messages: 0, notices: 0 };

export interface Remembered extends Identity {
  read: Read;
}

export function rememberedIn(room: number): Remembered | undefined {
  return kept(`student/${room}`, asRemembered);
}

export function remember(room: number, who: Remembered): void {
  keep(`student/${room}`, who);
}

/** Forgets who the student was, with what only that student could send; the project stays. */
export function forgetIn(room: number): void {
  const id = rememberedIn(room)?.id;
  if (id !== undefined) {
    ["outbox/student", "draft/student", "step", "unsaid", "begun"]
      .map((what) => `${what}/${room}/${id}`)
      .forEach(forget);
  }
  forget(`student/${room}`);
}

/** The name used last in any room. */
export function rememberedName(): string {
  return kept("student-name", (value) => (typeof value === "string" ? value : undefined)) ?? "";
}

export function rememberName(name: string): void {
  keep("student-name", name);
}

export function rememberedProject(room: number): Project | undefined {
  return kept(`project/${room}`, asProject);
}

/** Whether it will outlive the page. */
export function rememberProject(room: number, project: Project): boolean {
  return keep(`project/${room}`, project);
}

/** The task that a student looked at last. */
export function rememberedTask(room: number, id: number): string | undefined {
  return kept(`step/${room}/${id}`, (value) => (typeof value === "string" ? value : undefined));
}

export function rememberTask(room: number, id: number, task: string): void {
  keep(`step/${room}/${id}`, task);
}

/** The tasks whose files to begin with the student has been given. */
export function begunIn(room: number, id: number): readonly string[] {
  return kept(`begun/${room}/${id}`, asNames) ?? [];
}

export function rememberBegun(room: number, id: number, task: string): void {
  keep(`begun/${room}/${id}`, [...begunIn(room, id), task]);
}

function asNames(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : undefined;
}

/** What a student has set and the server does not know yet. */
export interface Unsaid {
  readonly statuses: Readonly<Record<string, Status>>;
  /** The same by the places of tasks, as pages of protocol 2 had it. */
  readonly named: Readonly<Record<string, Status>>;
  /** Null: that no help is needed any more; undefined if the server knows. */
  readonly call?: Call | null | undefined;
}

export const NOTHING_UNSAID: Unsaid = { statuses: {}, named: {} };

export function unsaidIn(room: number, id: number): Unsaid {
  return kept(`unsaid/${room}/${id}`, asUnsaid) ?? NOTHING_UNSAID;
}

export function keepUnsaid(room: number, id: number, { statuses, named, call }: Unsaid): void {
  const key = `unsaid/${room}/${id}`;
  const isSaid = [statuses, named].every((each) => Object.keys(each).length === 0);
  if (isSaid && call === undefined) {
    forget(key);
  } else {
    keep(key, { ids: statuses, statuses: named, call });
  }
}

function asUnsaid(value: unknown): Unsaid {
  const { ids, statuses, call, isCalling } = Object(value) as Record<string, unknown>;
  return {
    statuses: asStatuses(ids),
    named: asStatuses(statuses),
    call: typeof isCalling === "boolean" ? calledBefore(isCalling) : asCall(call),
  };
}

function asStatuses(value: unknown): Record<string, Status> {
  const known = Object.entries(Object(value) as Record<string, unknown>);
  return Object.fromEntries(known.map(([task, status]) => [task, asStatus(status)]));
}

function asCall(value: unknown): Unsaid["call"] {
  if (typeof value !== "object" || value === null) {
    return value === null ? null : undefined;
  }
  const { task, note, isPaused } = value as Partial<Record<keyof Call, unknown>>;
  return {
    task: typeof task === "string" ? task : undefined,
    note: typeof note === "string" ? note : "",
    isPaused: isPaused === true,
  };
}

/** As pages of protocol 2 kept it. */
function calledBefore(isCalling: boolean): Unsaid["call"] {
  return isCalling ? { task: undefined, note: "", isPaused: false } : null;
}

// Several students at one computer: each has a place of their own, and one of them is in the class.

/** Puts a student's place aside, with the project; returns whether it will outlive the page. */
export function putAside(room: number, who: Remembered, project: Project): boolean {
  const isKept = keep(`aside/${room}/${who.id}`, { who, project });
  forget(`student/${room}`);
  forget(`project/${room}`);
  return isKept;
}

/** Those whose places wait in this browser. */
export function asideIn(room: number): Remembered[] {
  return keptKeys(`aside/${room}/`)
    .map((key) => kept(key, asAside)?.who)
    .filter((who) => who !== undefined)
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** Brings a place back; it is the one of this browser then. */
export function bringBack(room: number, id: number): Remembered | undefined {
  const aside = kept(`aside/${room}/${id}`, asAside);
  if (aside === undefined) {
    return undefined;
  }
  remember(room, aside.who);
  rememberProject(room, aside.project);
  forget(`aside/${room}/${id}`);
  return aside.who;
}

function asAside(value: unknown): { who: Remembered; project: Project } | undefined {
  const aside = value as { who?: unknown; project?: unknown } | null;
  const who = asRemembered(aside?.who);
  return who && { who, project: asProject(aside?.project) ?? EMPTY };
}

function asRemembered(value: unknown): Remembered | undefined {
  const who = value as Partial<Remembered> | null;
  return typeof who?.id === "number" &&
    typeof who.name === "string" &&
    typeof who.token === "string" &&
    who.token !== ""
    ? { id: who.id, name: who.name, token: who.token, read: asRead(who) }
    : undefined;
}

/** Pages of protocol 2 had messages alone, as `readUpTo`. */
function asRead(value: { read?: unknown; readUpTo?: unknown }): Read {
  const { messages, notices } = Object(value.read) as Partial<Record<keyof Read, unknown>>;
  return {
    messages: Number(messages ?? value.readUpTo) || 0,
    notices: Number(notices) || 0,
  };
}
