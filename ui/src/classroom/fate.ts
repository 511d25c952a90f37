import type { Fate } from "../class/outbox.svelte";
import { againAfterS } from "../wire/later";
import type { Refusal } from "../wire/teacher";

/** What becomes of something written that was refused; `complain` hears what no second try changes. */
export function fateOf(answer: Refusal, complain: (answer: Refusal) => void): Fate {
  if (answer.code === "offline" || answer.code === "no_answer") {
    return "lost";
  }
  const again = againAfterS(answer.code, answer.retryAfterS);
  if (again !== undefined) {
    return { againAfterS: again };
  }
  complain(answer);
  return "refused";
}
