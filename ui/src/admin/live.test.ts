import { describe, expect, it } from "vitest";
import type { Figures, NodeState } from "../wire/generated";
import { bounds, column, KEPT_S, measured, NOTHING, rate, type Live } from "./live";
import { answerOf } from "./scenes";

const RECORDED = answerOf("GET /API/admin/figures", "its figures");
const OPEN = RECORDED.connections_total;

/** Those of a server that is so long up. */
function figures(uptime_s: number, deliveries: number, more: Partial<Figures> = {}): Figures {
  const events = { succeeded: deliveries, refused: 0, failed: 0, seconds: 0 };
  return { ...RECORDED, uptime_s, deliveries, events, cpu_seconds: uptime_s / 4, ...more };
}

function watched(...answers: [at: number, figures: Figures][]): Live {
  return answers.reduce((live, [at, answer]) => measured(live, answer, at), NOTHING);
}

describe("a rate", () => {
  const deliveries = (each: Figures): number => each.deliveries;

  it("is a total's growth by the server's own time", () => {
    expect(rate(figures(10, 100), figures(12, 150), deliveries)).toBe(25);
  });

  it("is unknown at first", () => {
    expect(rate(undefined, figures(12, 150), deliveries)).toBeNull();
  });

  it.each([
    ["shorter up", figures(1, 150)],
    ["no longer up", figures(10, 150)],
    ["its totals are smaller", figures(12, 50)],
  ])("is unknown if the server has started anew: %s", (_, after) => {
    expect(rate(figures(10, 100), after, deliveries)).toBeNull();
  });
});

describe("the last minutes", () => {
  it("hold what was measured and what is computed", () => {
    const live = watched([100, figures(10, 100)], [101, figures(11, 130)]);
    expect(live.samples.at(-1)).toMatchObject({
      at: 101,
      connections: OPEN,
      deliveries: 30,
      events: 30,
      cpu: 25,
      lateness: 2,
    });
  });

  it("forget what is older", () => {
    const answers = Array.from({ length: KEPT_S + 50 }, (_, second): [number, Figures] => [
      second,
      figures(second + 1, 0),
    ]);
    const live = watched(...answers);
    expect(live.samples).toHaveLength(KEPT_S);
    expect(live.samples[0]?.at).toBe(50);
  });

  it("have a gap where nobody looked", () => {
    const live = watched([100, figures(10, 0)], [160, figures(70, 600)]);
    expect(column(live, "connections")).toEqual([OPEN, null, OPEN]);
    expect(column(live, "deliveries")).toEqual([null, null, 10]);
  });

  it("have a gap where the server started anew", () => {
    const live = watched([100, figures(10, 500)], [102, figures(1, 3)], [103, figures(2, 8)]);
    expect(column(live, "deliveries")).toEqual([null, null, null, 5]);
    expect(column(live, "connections")).toEqual([OPEN, null, OPEN, OPEN]);
  });

  it("have a gap where a node came or did not answer", () => {
    const node = (number: number, state: NodeState = "serving") => ({
      name: `n${number}`,
      number,
      generation: 0,
      state,
      shards: 128,
      connections: 3,
      memory_bytes: 1000,
    });
    const live = watched(
      [100, figures(10, 500, { nodes: [node(1)] })],
      [101, figures(11, 900, { nodes: [node(1), node(2)] })],
      [102, figures(12, 903, { nodes: [node(1), node(2)] })],
      [103, figures(13, 600, { nodes: [node(1), node(2, "silent")] })],
    );
    expect(column(live, "deliveries")).toEqual([null, null, null, 3, null, null]);
    expect(column(live, "connections")).toEqual([OPEN, null, OPEN, OPEN, null, OPEN]);
  });

  it("have no memory where the system does not tell", () => {
    const live = watched([100, figures(10, 0, { memory_bytes: null })]);
    expect(column(live, "memory")).toEqual([null]);
  });

  it("begin again if the clock was set back", () => {
    const live = watched([100, figures(10, 0)], [50, figures(11, 0)]);
    expect(live.samples.map((sample) => sample.at)).toEqual([50]);
  });
});

describe("bounds", () => {
  it("leave gaps out", () => {
    expect(bounds([4, null, 2, 9])).toEqual({ least: 2, most: 9 });
  });

  it("of nothing are zero", () => {
    expect(bounds([null])).toEqual({ least: 0, most: 0 });
  });
});
