/** What the page shows beside the class itself. */
import type { Link } from "../wire/socket";

export class Shown {
  link: Link = $state("connecting");
  /** What was wrong with opening a class. */
  problem: string | undefined = $state();
  isAsking = $state(false);
  /** Asking other windows whether they have the class. */
  isLooking = $state(false);
  /** Called when the connection is there. */
  opened: (() => void) | undefined;
}
