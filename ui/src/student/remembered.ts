/** What this browser remembers of a room: who the student is there, what was read, the project. */
import { asStatus, type Status } from "../class/status";
import { forget, keep, kept, keptKeys } from "../wire/kept";
import { asProject, EMPTY, type Project } from "./project";
import type { Identity } from "./state";

export interface Remembered extends Identity {
  readUpTo: number;
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
    ["outbox/student", "draft/student", "step", "unsaid"]
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

/** The page of the tasks that a student looked at last. */
export function rememberedStep(room: number, id: number): string | undefined {
  return kept(`step/${room}/${id}`, (value) => (typeof value === "string" ? value : undefined));
}

export function rememberStep(room: number, id: number, step: string): void {
  keep(`step/${room}/${id}`, step);
}

/** What a student has set and the server does not know yet. */
export interface Unsaid {
  readonly statuses: Readonly<Record<string, Status>>;
  /** Whether help is needed apart from any task; undefined if the server knows. */
  readonly isCalling?: boolean | undefined;
}

export const NOTHING_UNSAID: Unsaid = { statuses: {} };

export function unsaidIn(room: number, id: number): Unsaid {
  return kept(`unsaid/${room}/${id}`, asUnsaid) ?? NOTHING_UNSAID;
}

export function keepUnsaid(room: number, id: number, { statuses, isCalling }: Unsaid): void {
  const key = `unsaid/${room}/${id}`;
  if (Object.keys(statuses).length > 0 || isCalling !== undefined) {
    keep(key, { statuses, isCalling });
  } else {
    forget(key);
  }
}

function asUnsaid(value: unknown): Unsaid | undefined {
  const { statuses, isCalling } = value as { statuses?: unknown; isCalling?: unknown };
  const known = Object.entries(Object(statuses) as Record<string, unknown>);
  return {
    statuses: Object.fromEntries(known.map(([step, status]) => [step, asStatus(status)])),
    isCalling: typeof isCalling === "boolean" ? isCalling : undefined,
  };
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
    ? { id: who.id, name: who.name, token: who.token, readUpTo: Number(who.readUpTo) || 0 }
    : undefined;
}
