import { describe, expect, it } from "vitest";
import type { Figures, NodeOverview } from "../wire/generated";
import { answerOf } from "./scenes";
import { haveSameNodes, shownNodes } from "./nodes";

const ALONE = answerOf("GET /API/admin/figures", "its figures");

function node(number: number, state: NodeOverview["state"] = "serving"): NodeOverview {
  return {
    name: `n${number}`,
    number,
    generation: 0,
    state,
    shards: 128,
    connections: state === "silent" ? null : 1,
    memory_bytes: null,
  };
}

function figures(...nodes: NodeOverview[]): Figures {
  return { ...ALONE, nodes };
}

describe("the nodes", () => {
  it("are shown if there are several", () => {
    const two = [node(1), node(2, "silent")];
    expect(shownNodes(figures(...two))).toEqual(two);
    expect(shownNodes(figures(node(1)))).toEqual([]);
  });

  it("are not there for one alone, or before the first answer", () => {
    expect(shownNodes(ALONE)).toEqual([]);
    expect(shownNodes(undefined)).toEqual([]);
  });

  it.each([
    ["in another order", figures(node(1), node(12)), figures(node(12), node(1)), true],
    ["in another state", figures(node(1)), figures(node(1, "draining")), true],
    ["one more", figures(node(1)), figures(node(1), node(2)), false],
    ["one silent", figures(node(1), node(2)), figures(node(1), node(2, "silent")), false],
    ["another in its place", figures(node(1)), figures(node(2)), false],
  ])("are the same or others: %s", (_, before, after, isSame) => {
    expect(haveSameNodes(before, after)).toBe(isSame);
  });

  it("of one alone are always the same", () => {
    expect(haveSameNodes(ALONE, ALONE)).toBe(true);
  });
});
