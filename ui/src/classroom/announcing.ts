/** What goes to the whole class. It waits in the browser until the server has it, and goes once, by its key. */
import { Outbox, type Fate, type Waiting } from "../class/outbox.svelte";
import type { Desk } from "./desk";
import { fateOf } from "./fate";

/** To nobody alone. */
const ALL = 0;

export class Announcing {
  private outbox: Outbox | undefined;
  private room = 0;

  constructor(private readonly desk: Omit<Desk, "hear">) {}

  /** The class has let the teacher in (again): what waits for it goes. */
  enter(room: number): void {
    if (this.room !== room) {
      this.outbox?.stop();
      this.outbox = new Outbox(`notices/${room}`, (waiting) => this.deliver(waiting));
      this.room = room;
    }
    void this.outbox?.send();
  }

  write(content: string): void {
    this.outbox?.add(ALL, content);
  }

  /** What has not arrived. */
  get waiting(): Waiting[] {
    return this.outbox?.of(ALL) ?? [];
  }

  withdraw(key: string): void {
    this.outbox?.take(key);
  }

  private async deliver({ content, key }: Waiting): Promise<Fate> {
    const { phase, host: sender } = this.desk.latest();
    if (phase !== "inside") {
      return "lost";
    }
    const answer = await this.desk.ask("notice/send", { content, key });
    if (!answer.isDone) {
      return fateOf(answer, this.desk.complain);
    }
    this.desk.act({ type: "notice", notice: { ...answer.result, sender, content } });
    return "taken";
  }
}
