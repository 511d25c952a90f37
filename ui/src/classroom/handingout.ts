/** What the class is given: tasks, solutions that are shown, and tasks that are imported for it. */
import { t } from "../i18n";
import { toast, type Kind } from "../parts/toasts.svelte";
import type { Task } from "../wire/generated";
import type { SaidPayload } from "../wire/teacher";
import type { Desk } from "./desk";
import type { Given } from "./drafts";

const INFORM_AFTER_MS = 500;
const KINDS: Record<string, Kind> = { SUCCESS: "good", WARNING: "warning" };

export class HandingOut {
  constructor(
    private readonly desk: Desk,
    /** Enters anew: with that comes what the class has now. */
    private readonly enterAnew: () => void,
  ) {}

  /** Gives the class these in place of those of `rev`; returns what it has then. */
  async give(tasks: readonly Task[], rev: number): Promise<Given | undefined> {
    const answer = await this.desk.ask("tasks/set", { tasks: [...tasks], rev });
    if (answer.isDone) {
      const given = { rev: answer.result.rev, tasks };
      this.desk.act({ type: "tasks set", ...given });
      toast(t("classroom.tasks_sent"), "good");
      return given;
    }
    if (answer.code === "stale") {
      this.enterAnew();
    } else {
      this.desk.complain(answer);
    }
    return undefined;
  }

  /** Shows the class the solution of a task, from now on. */
  async reveal(task: string): Promise<void> {
    const answer = await this.desk.ask("tasks/reveal", { task });
    if (answer.isDone) {
      this.desk.act({ type: "revealed", task });
      toast(t("classroom.revealed"), "good");
    } else {
      this.desk.complain(answer);
    }
  }

  async importFrom(url: string): Promise<void> {
    this.desk.act({ type: "importing", isImporting: true });
    const answer = await this.desk.ask("steps/import", { url });
    if (!answer.isDone) {
      this.desk.act({ type: "importing", isImporting: false });
      this.desk.complain(answer);
    }
  }

  /** The editor has what was imported. */
  importTaken(): void {
    this.desk.act({ type: "import taken" });
  }

  /** A notice of the server's, most of which are about imports. */
  told({ message, type, code, left_out: leftOut }: SaidPayload<"alerts">): void {
    if (code === "imported") {
      toast(t("classroom.import.done"), "good");
    } else if (code === "import_left_out" && leftOut) {
      this.desk.act({ type: "import incomplete", leftOut });
    } else if (type === "INFO") {
      // What ends the class here says so by itself, and better.
      setTimeout(() => this.tellIfInside(message), INFORM_AFTER_MS);
    } else {
      toast(message, KINDS[type] ?? "problem");
    }
    if (code === "imported" || code === "import_failed") {
      this.desk.act({ type: "importing", isImporting: false });
    }
  }

  private tellIfInside(message: string): void {
    if (this.desk.latest().phase === "inside") {
      toast(message);
    }
  }
}
