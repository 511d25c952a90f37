/**
 * What the administrator's page is answered: `scenes.json` is recorded from the server, and a test of the
 * server's holds that it is what the server says today. For tests only.
 */
import type { RestRoutes } from "../wire/generated";
import recorded from "./scenes.json";

export type Scene = keyof typeof recorded;

interface Recorded {
  asked: string;
  status: number;
  said: unknown;
}

type Of<R extends keyof RestRoutes> = RestRoutes[R]["answer"];

/** What was asked then, in order. */
export function answersIn(scene: Scene): readonly Recorded[] {
  return recorded[scene];
}

/** The first answer of a route without values in its path. */
export function answerOf<R extends keyof RestRoutes>(route: R, scene: Scene): Of<R> {
  const found = answersIn(scene).find(({ asked }) => asked.split("?")[0] === route);
  if (found === undefined) {
    throw new Error(`nobody asks ${route} there`);
  }
  return found.said as Of<R>;
}
