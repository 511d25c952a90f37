/** The task that a student looks at, and its files to begin with. */
import type { Task } from "../wire/generated";
import { begun, begunAgain, turnedTo } from "./starting";
import { begunIn, rememberBegun, rememberedTask, rememberTask } from "./remembered";
import type { StudentSession } from "./session.svelte";
import { firstOpen } from "./state";

export class AtHand {
  private chosen: string | undefined = $state();

  constructor(private readonly session: StudentSession) {}

  get task(): Task | undefined {
    const { state, room, meId } = this.session;
    const wanted = this.chosen ?? rememberedTask(room, meId);
    const own = state.tasks.find(({ id }) => id === wanted);
    return own ?? state.tasks.find(({ id }) => id === firstOpen(state));
  }

  choose(task: Task): void {
    this.chosen = task.id;
    rememberTask(this.session.room, this.session.meId, task.id);
    this.session.change(turnedTo(this.session.project, task));
  }

  /** It is looked at: whatever its status becomes, it stays; its files are given once. */
  show(task: Task): void {
    this.chosen = task.id;
    const { room, meId, project } = this.session;
    if (task.files.length > 0 && !begunIn(room, meId).includes(task.id)) {
      rememberBegun(room, meId, task.id);
      this.session.change(turnedTo(begun(project, task), task));
    }
  }

  startAgain(task: Task): void {
    this.session.change(turnedTo(begunAgain(this.session.project, task), task));
  }

  /** Somebody else is at this computer. */
  forget(): void {
    this.chosen = undefined;
  }
}
