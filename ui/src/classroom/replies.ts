/**
 * What goes to one student: messages, and the word on their tasks. A message waits in an outbox until
 * it has arrived; so does a decline that comes with a reason. Any other word is said now or, with a
 * notice, not at all: the teacher sees the task as it is, and says it again.
 */
import { Outbox, type Fate, type Waiting } from "../class/outbox.svelte";
import { t } from "../i18n";
import { toast } from "../parts/toasts.svelte";
import type { Answer } from "../wire/teacher";
import { columnsOf } from "./columns";
import type { Desk } from "./desk";
import { fateOf } from "./fate";
import { DECLINED, stillDue, takenBack, unaccepted } from "./reviews";
import type { Statuses } from "./student";

interface Comment {
  readonly comment: string;
  readonly key: string;
}

export class Replies {
  private outbox: Outbox | undefined;
  private room = 0;

  constructor(private readonly desk: Omit<Desk, "hear">) {}

  /** The class has let the teacher in (again): what waits for it goes. */
  enter(room: number): void {
    if (this.room !== room) {
      this.outbox?.stop();
      this.outbox = new Outbox(`teacher/${room}`, (waiting) => this.deliver(waiting));
      this.room = room;
    }
    void this.outbox?.send();
  }

  write(user: number, content: string): void {
    this.outbox?.add(user, content);
  }

  /** What was written to a student and has not arrived. */
  waitingFor(user: number): Waiting[] {
    return this.outbox?.of(user) ?? [];
  }

  /** Takes back what has not arrived. */
  withdraw(key: string): void {
    this.outbox?.take(key);
  }

  /** Says that a finished task is accepted; returns whether the student was told. */
  async accept(user: number, task: string): Promise<boolean> {
    return this.say(user, { [task]: "ACCEPTED" });
  }

  /** Gives a finished task back. With a reason both go together, now or when there is a connection. */
  async decline(user: number, task: string, reason: string): Promise<void> {
    if (reason === "") {
      await this.say(user, { [task]: DECLINED });
    } else {
      this.outbox?.add(user, `${this.titleOf(task)}: ${reason}`, { [task]: DECLINED });
    }
  }

  /** An accepted task is done again, and waits for the teacher's word. */
  async takeBack(user: number, task: string): Promise<void> {
    await this.undo(user, unaccepted(this.stepsOf(user), task), task);
  }

  private async say(user: number, said: Statuses): Promise<boolean> {
    const answer = await this.review(user, said);
    if (!answer.isDone) {
      this.desk.complain(answer);
    }
    return answer.isDone;
  }

  /** All of it is kept, or nothing; the `comment` has a key. */
  private async review(user: number, said: Statuses, comment?: Comment): Promise<Answer> {
    const before = this.stepsOf(user);
    const review = { user_id: user, statuses: said, ...comment };
    const answer = await this.desk.ask("tasks/review", review);
    if (answer.isDone) {
      this.desk.act({ type: "reviewed", user, steps: said });
      this.offerUndo(user, said, before);
    }
    return answer;
  }

  private offerUndo(user: number, said: Statuses, before: Statuses): void {
    for (const [task, status] of Object.entries(said)) {
      const word = status === "ACCEPTED" ? "accepted" : "declined";
      const undo = (): void =>
        void this.undo(user, takenBack(this.stepsOf(user), { [task]: status }, before), task);
      const text = t(`classroom.review.${word}`, this.naming(user, task));
      toast(text, "good", { label: t("shared.undo"), act: undo });
    }
  }

  private async undo(user: number, back: Statuses, task: string): Promise<void> {
    if (Object.keys(back).length === 0) {
      toast(t("classroom.review.moved_on", this.naming(user, task)));
      return;
    }
    const answer = await this.desk.ask("tasks/review", { user_id: user, statuses: back });
    if (answer.isDone) {
      this.desk.act({ type: "reviewed", user, steps: back });
      toast(t("classroom.review.taken_back", this.naming(user, task)), "good");
    } else {
      this.desk.complain(answer);
    }
  }

  private async deliver({ to, content, key, review = {} }: Waiting): Promise<Fate> {
    if (this.desk.latest().phase !== "inside") {
      return "lost";
    }
    const due = stillDue(this.stepsOf(to), review);
    // Where the word is due no longer, the reason is still worth reading.
    const answer =
      Object.keys(due).length === 0
        ? await this.send(to, content, key)
        : await this.review(to, due, { comment: content, key });
    if (!answer.isDone) {
      return fateOf(answer, this.desk.complain);
    }
    // The message itself, with its id and time, is in the history.
    await this.desk.ask("message/user", { user_id: to });
    return "taken";
  }

  private send(to: number, content: string, key: string): Promise<Answer> {
    const message = { room_id: this.room, user_id: to, content, key };
    return this.desk.ask("message/to_client", message);
  }

  private stepsOf(user: number): Statuses {
    return this.desk.latest().students.get(user)?.steps ?? {};
  }

  private naming(user: number, task: string): { name: string; step: string } {
    const name = this.desk.latest().students.get(user)?.name ?? "";
    return { name, step: this.titleOf(task) };
  }

  private titleOf(task: string): string {
    return columnsOf(this.desk.latest()).find(({ id }) => id === task)?.title ?? task;
  }
}
