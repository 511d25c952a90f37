/** What this browser remembers of a room: who the student is there, what was read, the project. */
import { forget, keep, kept } from "../wire/kept";
import { asProject, type Project } from "./project";
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

/** Forgets who the student was; the project stays. */
export function forgetIn(room: number): void {
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

function asRemembered(value: unknown): Remembered | undefined {
  const who = value as Partial<Remembered> | null;
  return typeof who?.id === "number" &&
    typeof who.name === "string" &&
    typeof who.token === "string" &&
    who.token !== ""
    ? { id: who.id, name: who.name, token: who.token, readUpTo: Number(who.readUpTo) || 0 }
    : undefined;
}
