/** Accepts what has passed, of many students, one after the other. */
import { takenBack } from "../classroom/reviews";
import type { Desk } from "../classroom/desk";
import type { Statuses } from "../classroom/student";
import { t } from "../i18n";
import { toast } from "../parts/toasts.svelte";
import { againAfterS } from "../wire/later";
import type { Answer } from "../wire/teacher";

/** Whose tasks are accepted, by their ids. */
export interface Accepted {
  readonly user: number;
  readonly task: string;
}

export class Accepting {
  constructor(private readonly desk: Omit<Desk, "hear">) {}

  /** Says so to each student once; it can be taken back. */
  async accept(passed: readonly Accepted[]): Promise<void> {
    const said: { user: number; statuses: Statuses; before: Statuses }[] = [];
    for (const [user, statuses] of byStudent(passed)) {
      const before = this.desk.latest().students.get(user)?.steps ?? {};
      const answer = await this.review(user, statuses);
      if (!answer.isDone) {
        this.desk.complain(answer);
        break;
      }
      said.push({ user, statuses, before });
    }
    const count = said.reduce((sum, { statuses }) => sum + Object.keys(statuses).length, 0);
    if (count > 0) {
      const undo = () => void this.takeBack(said);
      toast(t("board.accept.done", { count }), "good", { label: t("shared.undo"), act: undo });
    }
  }

  private async takeBack(
    said: readonly { user: number; statuses: Statuses; before: Statuses }[],
  ): Promise<void> {
    for (const { user, statuses, before } of said) {
      const now = this.desk.latest().students.get(user)?.steps ?? {};
      const back = takenBack(now, statuses, before);
      const answer = Object.keys(back).length > 0 && (await this.review(user, back));
      if (answer && !answer.isDone) {
        this.desk.complain(answer);
        return;
      }
    }
    toast(t("board.accept.taken_back"), "good");
  }

  /** A server that takes so many only later is asked again then. */
  private async review(user: number, statuses: Statuses): Promise<Answer> {
    const answer = await this.desk.ask("tasks/review", { user_id: user, statuses });
    const again = answer.isDone ? undefined : againAfterS(answer.code, answer.retryAfterS);
    if (again !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, again * 1_000));
      return this.review(user, statuses);
    }
    if (answer.isDone) {
      this.desk.act({ type: "reviewed", user, steps: statuses });
    }
    return answer;
  }
}

function byStudent(passed: readonly Accepted[]): Map<number, Statuses> {
  const all = new Map<number, Statuses>();
  for (const { user, task } of passed) {
    all.set(user, { ...all.get(user), [task]: "ACCEPTED" });
  }
  return all;
}
