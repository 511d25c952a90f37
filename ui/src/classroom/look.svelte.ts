/** How this teacher looks at the board: what is kept is a habit, what is not, a question of the moment. */
import type { Place } from "../board/reports";
import { keep, kept } from "../wire/kept";
import { isSameFilter, SORTS, type Filter, type Sort } from "./order";
import { nextOrder, type ResultsOrder } from "./results";

export const SIZES = ["small", "medium", "large"] as const;
export type Size = (typeof SIZES)[number];

const SORT = "classroom/sort";
const SIZE = "classroom/size";

export class BoardLook {
  sought = $state("");
  filter: Filter = $state.raw("all");
  /** Whether the queue of calls for help is beside the tiles. */
  isQueueShown = $state(false);
  /** The line that was asked for last, and whose file it is in. */
  place: (Place & { readonly user: number }) | undefined = $state.raw();
  private sorted: Sort = $state(
    kept(SORT, (value) => SORTS.find((sort) => sort === value)) ?? "help",
  );
  private sized: Size = $state(
    kept(SIZE, (value) => SIZES.find((size) => size === value)) ?? "medium",
  );

  get sort(): Sort {
    return this.sorted;
  }

  set sort(sort: Sort) {
    this.sorted = sort;
    keep(SORT, sort);
  }

  get size(): Size {
    return this.sized;
  }

  set size(size: Size) {
    this.sized = size;
    keep(SIZE, size);
  }

  /** The same again shows everybody. */
  toggle(filter: Filter): void {
    this.filter = isSameFilter(this.filter, filter) ? "all" : filter;
  }
}

/** How this teacher looks at the results: a question of the moment. */
export class ResultsLook {
  order: ResultsOrder | undefined = $state.raw();
  /** Whether everybody's checks are in the place of the results. */
  isChecking = $state(false);

  /** A column's head was pressed. */
  press(by: string): void {
    this.order = nextOrder(this.order, by);
  }
}
