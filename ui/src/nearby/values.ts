/** What the server wrote into the page; `quad/nearby/pages.py` does. */
import { page } from "../page";
import type { Tiles } from "../map/places";

/** Somebody who has logged in: the only page that holds a token. */
export interface Here {
  view: "here";
  user: string;
  token: string;
  range_m: number;
  range_limit_m: number;
  /** Whether others see the person. */
  is_visible: boolean;
  /** How closely others see where the person is; 0 is exactly. */
  grid_m: number;
  /** How long the administrator may read what is written here; 0 is for ever. */
  logs_kept_days: number;
  message_limit_bytes: number;
  recipients_limit: number;
  tiles: Tiles | null;
}

export interface Guest {
  view: "guest";
  name: string;
  problem: "empty" | "long" | "characters" | null;
  name_limit: number;
  logs_kept_days: number;
}

export interface Notice {
  view: "notice";
  notice: string;
}

export function valuesOfPage(): Here | Guest | Notice {
  return page.values as unknown as Here | Guest | Notice;
}
