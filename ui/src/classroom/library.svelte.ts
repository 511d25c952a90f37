/** What belongs to the secret key of who teaches here: classes, and sets of tasks for any of them. */
import { isRefusal, giveSet, keepPicture, takeSet, type TakenSet } from "../exchange/asking";
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

  /** A set as a folder, packed. */
  give(id: string): Promise<Blob | Refusal> {
    return giveSet(this.key(), id);
  }

  /** Takes such a folder, also one that was made by hand. */
  async take(archive: Blob): Promise<TakenSet | Refusal> {
    const answer = await takeSet(this.key(), archive);
    if (!isRefusal(answer)) {
      await this.refresh();
    }
    return answer;
  }

  /** Keeps a picture for the tasks of any class, and gives its address. */
  keepPicture(picture: Blob): Promise<string | Refusal> {
    return keepPicture(this.key(), picture);
  }

  async remove(id: string): Promise<Answer> {
    const answer = await this.ask("sets/delete", { teacher: this.key(), id });
    return answer.isDone ? this.refresh() : answer;
  }
}
