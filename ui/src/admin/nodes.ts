/** The nodes that the server's figures are the sums of. */
import type { Figures, NodeOverview } from "../wire/generated";

/** What there is to show: one alone is no list. */
export function shownNodes(figures: Figures | undefined): readonly NodeOverview[] {
  const nodes = figures?.nodes ?? [];
  return nodes.length > 1 ? nodes : [];
}

/** Whether the same nodes have answered: else sums jump for that alone. */
export function haveSameNodes(before: Figures, after: Figures): boolean {
  return answering(before) === answering(after);
}

function answering({ nodes = [] }: Figures): string {
  const numbers = nodes.filter((node) => node.state !== "silent").map((node) => node.number);
  return numbers.sort((a, b) => a - b).join();
}
