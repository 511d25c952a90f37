/** What a student's page heard in the lesson that was recorded. For tests only. */
import { toldTo, type Page, type Scene } from "../class/scenes";
import { heardOf, type Heard } from "../wire/student";

export function heardBy(page: Page, ...scenes: Scene[]): Heard[] {
  return toldTo(page, ...scenes).flatMap(([event, payload]) => heardOf(event, payload) ?? []);
}

export function annaHeard(...scenes: Scene[]): Heard[] {
  return heardBy("anna", ...scenes);
}
