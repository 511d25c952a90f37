/** The teacher helps: takes calls in their order, and says what came of it. */
import type { Desk } from "../classroom/desk";
import { nextOf } from "./calls";

export class Helper {
  constructor(
    private readonly desk: Pick<Desk, "ask" | "latest" | "complain">,
    private readonly open: (user: number) => void,
  ) {}

  /** The call is this teacher's; the student opens. */
  async take(user: number): Promise<void> {
    const answer = await this.desk.ask("help/take", { user_id: user });
    if (answer.isDone) {
      this.open(user);
    } else {
      this.desk.complain(answer);
    }
  }

  /** Takes whoever's turn it is; resolves to whether there was somebody. */
  async takeNext(): Promise<boolean> {
    const { queue, students } = this.desk.latest();
    const next = nextOf(queue, (user) => students.has(user));
    if (next === undefined) {
      return false;
    }
    await this.take(next);
    return true;
  }

  /** The student was helped, or was not there: then the call is back in its place, and pauses. */
  async done(user: number, isHelped: boolean): Promise<void> {
    const answer = await this.desk.ask("help/done", { user_id: user, is_helped: isHelped });
    if (!answer.isDone) {
      this.desk.complain(answer);
    }
  }
}
