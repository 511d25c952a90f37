/** Whose code the teacher sees: the server is asked for it, and for what was missed meanwhile. */
import type { Answer, Asked, Payload } from "../wire/teacher";
import { againAfterS } from "../wire/later";
import type { Desk } from "./desk";
import { isOnline, type Student } from "./student";

export class Watching {
  private entries = 0;

  constructor(private readonly desk: Desk) {}

  /** Begins and ends to watch, as the teacher wants it now. */
  watchWhoIsWanted(): void {
    const { students, isLive, open } = this.desk.latest();
    for (const student of students.values()) {
      const isWanted = isOnline(student) && (isLive || open.includes(student.id));
      const sid = isWanted ? student.sid : "";
      if (sid !== student.watchedSid) {
        this.desk.hear({ type: "watched", user: student.id, sid });
        void this.watch(student, sid);
      }
    }
  }

  /** What was missed, one student after another, so that nothing waits for it. */
  async catchUp(): Promise<void> {
    const entry = (this.entries += 1);
    for (const [id, { sid, project }] of this.desk.latest().students) {
      await this.askPatiently("message/user", { user_id: id });
      if (sid === "" && !project.isWhole) {
        await this.askForFiles(id);
      }
      if (entry !== this.entries || this.desk.latest().phase !== "inside") {
        return;
      }
    }
  }

  async askForFiles(user: number): Promise<void> {
    const { room } = this.desk.latest();
    const start = { room_id: room, user_id: user, exclusive: false };
    await this.askPatiently("sharing/start", start);
  }

  private async watch(student: Student, sid: string): Promise<void> {
    if (sid !== "") {
      // If it fails: of somebody who has left the next list tells, and whoever enters anew begins
      // with all of this anew.
      await this.askForFiles(student.id);
    } else if (isOnline(student)) {
      const room_id = this.desk.latest().room;
      await this.askPatiently("sharing/end", { room_id, user_id: student.id });
    }
  }

  /** For many questions in a row, of which a server may take some only later. */
  private async askPatiently<E extends Asked>(event: E, payload: Payload<E>): Promise<Answer<E>> {
    const answer = await this.desk.ask(event, payload);
    const again = answer.isDone ? undefined : againAfterS(answer.code, answer.retryAfterS);
    if (again === undefined) {
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, again * 1_000));
    return this.askPatiently(event, payload);
  }
}
