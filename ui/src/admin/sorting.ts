/** The buildings that a search finds, in the order that was chosen. */
import type { BuildingOverview } from "../wire/generated";

export type SortKey = "name" | "radious" | "online" | "bots";

export interface Order {
  key: SortKey;
  isDown: boolean;
}

export function sorted(
  buildings: readonly BuildingOverview[],
  search: string,
  { key, isDown }: Order,
): BuildingOverview[] {
  const wanted = search.trim().toLocaleLowerCase();
  const found = buildings.filter(({ id, name }) =>
    [id, name].some((text) => text.toLocaleLowerCase().includes(wanted)),
  );
  const direction = isDown ? -1 : 1;
  // Equal ones stand by name, whichever way the column goes.
  return found.sort((a, b) => direction * compared(a, b, key) || compared(a, b, "name"));
}

const TEXTS = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function compared(a: BuildingOverview, b: BuildingOverview, key: SortKey): number {
  return key === "name"
    ? TEXTS.compare(a.name, b.name)
    : key === "bots"
      ? a.bots.length - b.bots.length
      : a[key] - b[key];
}
