/**
 * The lesson of the pages' tests: `scenes.json` is recorded from the server, and a test of the server's
 * holds that it is what the server says today. For tests only.
 */
import type { Frame, Said } from "../wire/network";
import recorded from "./scenes.json";

export type Scene = keyof typeof recorded;
/** Whose page: the teacher's, or a student's. */
export type Page = "teacher" | "anna" | "boris" | "carl" | "dora";

/** Everything that went over a page's connections, in order. */
export function framesOf(page: Page, ...scenes: Scene[]): Frame[] {
  const lesson = recorded as unknown as Record<Scene, Partial<Record<Page, Frame[]>>>;
  return scenes.flatMap((scene) => lesson[scene][page] ?? []);
}

/** The events that a page was told. */
export function toldTo(page: Page, ...scenes: Scene[]): Said[] {
  return framesOf(page, ...scenes).flatMap((frame) => ("told" in frame ? [frame.told] : []));
}
