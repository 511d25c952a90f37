/** How this teacher looks at the board: what is kept is a habit, what is not, a question of the moment. */
import { keep, kept } from "../wire/kept";
import { SORTS, type Filter, type Sort } from "./order";

export const SIZES = ["small", "medium", "large"] as const;
export type Size = (typeof SIZES)[number];

const SORT = "classroom/sort";
const SIZE = "classroom/size";

export class BoardLook {
  sought = $state("");
  filter: Filter = $state("all");
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
    this.filter = this.filter === filter ? "all" : filter;
  }
}
