/** What belongs to the secret key of who teaches here: classes, and sets of tasks for any of them. */
import type { LoadedSet, OwnClass, OwnSet, Task } from "../wire/generated";
import type { Answer, Refusal } from "../wire/teacher";
import type { Desk } from "./desk";

export class Library {
  /** Those that are not closed, the newest first. */
  classes: readonly OwnClass[] = $state.raw([]);
  sets: readonly OwnSet[] = $state.raw([]);

  constructor(
    private readonly ask: Desk["ask"],
    /** The key; empty if there is none. */
    private readonly key: () => string,
  ) {}

  get hasKey(): boolean {
    return this.key() !== "";
  }

  /** Asks what there is. */
  async refresh(): Promise<Answer> {
    const answer = await this.ask("teacher/open", { teacher: this.key() });
    if (answer.isDone) {
      this.classes = answer.result.classes.filter(({ closed_at: closedAt }) => closedAt === null);
      this.sets = answer.result.sets;
    }
    return answer;
  }

  /** Keeps tasks as a set, in place of the one that has this id. */
  async save(id: string, title: string, tasks: readonly Task[]): Promise<Answer> {
    const set = { id, title, tasks: [...tasks] };
    const answer = await this.ask("sets/save", { teacher: this.key(), set });
    return answer.isDone ? this.refresh() : answer;
  }

  async load(id: string): Promise<LoadedSet | Refusal> {
    const answer = await this.ask("sets/load", { teacher: this.key(), id });
    return answer.isDone ? answer.result : answer;
  }

  async remove(id: string): Promise<Answer> {
    const answer = await this.ask("sets/delete", { teacher: this.key(), id });
    return answer.isDone ? this.refresh() : answer;
  }
}
