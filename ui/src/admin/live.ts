/** The last five minutes of the server's figures, second by second. */
import type { Figures } from "../wire/generated";
import { haveSameNodes } from "./nodes";

/** What is drawn; null is a gap. `at` is in seconds since 1970. */
export interface Sample {
  at: number;
  connections: number | null;
  deliveries: number | null;
  events: number | null;
  declined: number | null;
  queued: number | null;
  largest: number | null;
  memory: number | null;
  cpu: number | null;
  lateness: number | null;
  commits: number | null;
}

export type Measure = Exclude<keyof Sample, "at">;

export interface Live {
  samples: readonly Sample[];
  last: Figures | undefined;
}

export const KEPT_S = 300;
// Two answers farther apart are not joined by a line: nobody knows what was between.
const GAP_S = 5;

export const NOTHING: Live = { samples: [], last: undefined };

const GAP = {
  connections: null,
  deliveries: null,
  events: null,
  declined: null,
  queued: null,
  largest: null,
  memory: null,
  cpu: null,
  lateness: null,
  commits: null,
};

/** With one more answer, which came at `at`. */
export function measured(live: Live, figures: Figures, at: number): Live {
  const previous = live.samples.at(-1);
  const isGap =
    previous !== undefined && (at - previous.at > GAP_S || isAnother(live.last, figures));
  const gap = isGap ? [{ at: (at + previous.at) / 2, ...GAP }] : [];
  const samples = [...live.samples, ...gap, sampleOf(live.last, figures, at)];
  // A clock that was set back would leave samples of the future.
  const kept = samples.filter((sample) => sample.at > at - KEPT_S && sample.at <= at);
  return { samples: kept, last: figures };
}

/** How fast a total grew between two answers; null if a node has started or gone between them. */
export function rate(
  before: Figures | undefined,
  after: Figures,
  total: (figures: Figures) => number,
): number | null {
  if (before === undefined || isAnother(before, after)) {
    return null;
  }
  const grown = total(after) - total(before);
  return grown < 0 ? null : grown / (after.uptime_s - before.uptime_s);
}

/** A measure's values, oldest first. */
export function column(live: Live, measure: Measure): (number | null)[] {
  return live.samples.map((sample) => sample[measure]);
}

/** The smallest and the largest of what is known. */
export function bounds(values: readonly (number | null)[]): { least: number; most: number } {
  const known = values.filter((value) => value !== null);
  return known.length === 0
    ? { least: 0, most: 0 }
    : { least: Math.min(...known), most: Math.max(...known) };
}

/** Whether the server has started anew, or is another one for having other nodes. */
function isAnother(before: Figures | undefined, after: Figures): boolean {
  return (
    before !== undefined && (after.uptime_s <= before.uptime_s || !haveSameNodes(before, after))
  );
}

function sampleOf(before: Figures | undefined, after: Figures, at: number): Sample {
  const cpu = rate(before, after, (figures) => figures.cpu_seconds);
  return {
    at,
    connections: after.connections_total,
    deliveries: rate(before, after, (figures) => figures.deliveries),
    events: rate(before, after, ({ events }) => events.succeeded + events.refused + events.failed),
    declined: rate(before, after, ({ events }) => events.refused + events.failed),
    queued: after.queues.bytes,
    largest: after.queues.largest_bytes,
    memory: after.memory_bytes,
    cpu: cpu === null ? null : cpu * 100,
    lateness: after.loop_lateness_s * 1000,
    commits: rate(before, after, (figures) => figures.commits.total),
  };
}
