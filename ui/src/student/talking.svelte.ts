/** What a student says to the teacher, from the field to the server. */
import { Outbox, type Fate, type Waiting } from "../class/outbox.svelte";
import type { Sent } from "../wire/generated";
import { againAfterS } from "../wire/later";
import type { Answer } from "../wire/student";

export interface Ways {
  room: number;
  /** Who the student is in the room; 0 for nobody yet. */
  me: () => number;
  isHere: () => boolean;
  say: (content: string, key: string) => Promise<Answer | Sent>;
  askHistory: (id: number) => Promise<Answer>;
  said: (content: string, sent: Sent) => void;
  refused: (answer: Exclude<Answer, "done" | "lost">) => void;
}

export class Talking {
  private outbox: Outbox | undefined = $state.raw();

  constructor(private readonly ways: Ways) {}

  /** Says it as soon as there is a connection. */
  say(content: string): void {
    this.outbox?.add(this.ways.me(), content);
  }

  /** What was said and has not arrived. */
  get waiting(): Waiting[] {
    return this.outbox?.of(this.ways.me()) ?? [];
  }

  /** Takes back what the server does not take. */
  withdraw(key: string): void {
    this.outbox?.take(key);
  }

  /** These have arrived, whatever their answers were. */
  settle(keys: readonly (string | undefined)[]): void {
    this.outbox?.settle(keys);
  }

  /** The student is here: what the history shows has arrived, and is not sent again. */
  async begin(): Promise<void> {
    const id = this.ways.me();
    const place = `student/${this.ways.room}/${id}`;
    this.outbox ??= new Outbox(place, (waiting) => this.deliver(waiting));
    const { outbox } = this;
    await this.ways.askHistory(id);
    await outbox.send();
  }

  stop(): void {
    this.outbox?.stop();
  }

  /** What waits belongs to one student: the next one gets another outbox. */
  close(): void {
    this.stop();
    this.outbox = undefined;
  }

  private async deliver({ to, content, key }: Waiting): Promise<Fate> {
    const answer = this.ways.isHere() ? await this.ways.say(content, key) : "lost";
    if (answer === "lost") {
      return "lost";
    }
    if (answer === "done") {
      // An original client's place: the message itself is in the history.
      void this.ways.askHistory(this.ways.me());
      return "taken";
    }
    if ("code" in answer) {
      return this.declined(answer);
    }
    if (to === this.ways.me()) {
      this.ways.said(content, answer);
    }
    return "taken";
  }

  private declined(answer: Exclude<Answer, "done" | "lost">): Fate {
    const again = againAfterS(answer.code, answer.retry_after_s);
    if (again !== undefined) {
      return { againAfterS: again };
    }
    this.ways.refused(answer);
    return "refused";
  }
}
