/** The last day, minute by minute, in the shape of the last five minutes: it ends with now. */
import type { Day } from "../wire/generated";
import type { Live, Measure, Sample } from "./live";

export const DAY_S = 86_400;
const MINUTE_S = 60;
// A server that was away for a minute or two leaves a gap.
const GAP_S = 2.5 * MINUTE_S;

const MEASURES: readonly Measure[] = [
  "connections",
  "deliveries",
  "events",
  "declined",
  "queued",
  "largest",
  "memory",
  "cpu",
  "lateness",
  "commits",
];

export function dayOf(day: Day, live: Live): Live {
  const minutes = day.minutes.map((minute, index) =>
    // A point stands for the minute that it closes.
    sampleOf(minute + MINUTE_S, (measure) => day[measure][index] ?? null),
  );
  const now = live.samples.at(-1);
  const samples = now === undefined ? minutes : [...minutes.filter(({ at }) => at < now.at), now];
  return { samples: samples.flatMap(withGap), last: live.last };
}

function withGap(sample: Sample, index: number, samples: readonly Sample[]): Sample[] {
  const before = samples[index - 1];
  return before !== undefined && sample.at - before.at > GAP_S
    ? [sampleOf((before.at + sample.at) / 2, () => null), sample]
    : [sample];
}

function sampleOf(at: number, value: (measure: Measure) => number | null): Sample {
  const values = Object.fromEntries(MEASURES.map((measure) => [measure, value(measure)]));
  return { at, ...(values as Record<Measure, number | null>) };
}
