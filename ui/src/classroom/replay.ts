/** What happened on the teacher's page in the lesson that was recorded. For tests only. */
import { toldTo, type Scene } from "../class/scenes";
import type { Happening } from "./classroom";
import { happeningOf, isTold } from "./heard";

/** All of it at one time, in milliseconds of the page's clock. */
export function happened(at: number, ...scenes: Scene[]): Happening[] {
  return toldTo("teacher", ...scenes).flatMap(([event, payload]) =>
    isTold(event) ? happeningOf(event, payload, at) : [],
  );
}
