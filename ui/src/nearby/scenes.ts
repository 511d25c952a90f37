/**
 * What Ana's page and nearby say to each other: `scenes.json` is recorded from the server, and a test of
 * the server's holds that it is what the server says today. For tests only.
 */
import type { Frame } from "../wire/network";
import type { Told } from "../wire/generated";
import type { Event } from "./state";
import recorded from "./scenes.json";

export type Scene = keyof typeof recorded;

/** A request, without who asks; and its answer. */
export interface Wanted {
  path: string;
  body: Record<string, unknown>;
  answer: { status: number; said: unknown };
}

type Recorded = Frame | { wanted: readonly [path: string, body: Record<string, unknown>] };

/** What went over the connection, and what was requested beside it. */
export function happened(...scenes: Scene[]): { frames: Frame[]; requests: Wanted[] } {
  const frames: Frame[] = [];
  const requests: Wanted[] = [];
  for (const scene of scenes) {
    const all = recorded[scene] as unknown as Recorded[];
    all.forEach((frame, index) => {
      if ("wanted" in frame) {
        const [path, body] = frame.wanted;
        const { answered } = all[index + 1] as unknown as { answered: Wanted["answer"] };
        requests.push({ path, body, answer: answered });
      } else if (!("answered" in frame) || Array.isArray(frame.answered)) {
        frames.push(frame);
      }
    });
  }
  return { frames, requests };
}

/** What was last answered to such a request in these scenes. */
export function answerTo(path: string, ...scenes: Scene[]): unknown {
  const found = happened(...scenes).requests.filter((request) => request.path === path);
  const last = found.at(-1);
  if (last === undefined) {
    throw new Error(`nobody asks for ${path} there`);
  }
  return last.answer.said;
}

/** The messages that were fetched. */
export function toldIn(...scenes: Scene[]): Told[] {
  return happened(...scenes)
    .requests.filter(({ path }) => path === "message/receive")
    .flatMap(({ answer }) => (answer.said as string[]).map((text) => JSON.parse(text) as Told));
}

/** Who is around at the end of a scene. */
export function aroundIn(scene: Scene): Event {
  const building = answerTo("show/building", scene) as { id: string }[];
  const range = answerTo("show/range", scene) as string[];
  return { type: "around", building: building.map(({ id }) => id), range };
}
