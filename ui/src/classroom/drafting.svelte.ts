/** The teacher at the editor: the drafts of one class, the task that is open, and what of it is kept. */
import { labelsOf } from "../class/tasks";
import { holdsPictures } from "../exchange/pictures";
import { keep, kept } from "../wire/kept";
import type { Task, TaskType } from "../wire/generated";
import * as pages from "./drafts";
import { newTask } from "./task";

const SAVE_MS = 400;

export class Drafting {
  drafts: pages.Drafts = $state.raw(pages.newDrafts());
  /** The task that is open. */
  private chosen: string = $state("");
  /** Whether what was typed outlives the page. */
  isKept = $state(true);
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly tasks = $derived(this.drafts.tasks);
  readonly labels = $derived(labelsOf(this.tasks));
  /** There is always one: the last one that is taken out leaves a blank one. */
  readonly task: Task = $derived(
    this.tasks.find(({ id }) => id === this.chosen) ?? this.tasks[0] ?? newTask(),
  );
  readonly place = $derived(this.tasks.indexOf(this.task));
  readonly title = $derived(this.labels.get(this.task.id)?.title ?? "");
  /** What it would be called without a title of its own. */
  readonly untitled = $derived(
    labelsOf(this.tasks.map((task) => ({ ...task, title: "" }))).get(this.task.id)?.title ?? "",
  );
  readonly unsent = $derived(pages.unsent(this.drafts));
  readonly isUnsent = $derived(pages.isUnsent(this.unsent));
  /** What is to be sent. */
  readonly filled = $derived(pages.filled(this.drafts));

  constructor(private readonly room: number) {
    this.drafts = kept(pages.draftsPlace(room), pages.asDrafts) ?? this.drafts;
    this.openFirst();
  }

  open(id: string): void {
    this.chosen = id;
  }

  /** What the class has, as the server tells. */
  load(given: pages.Given): void {
    this.take(pages.withLoaded(this.drafts, given));
  }

  /** Tasks from elsewhere, which replace those here until that is undone. */
  import(tasks: readonly Task[]): void {
    this.take(pages.withImported(this.drafts, tasks));
  }

  /** What was told before may have been written anew since: it is taken where there is nothing. */
  takeImport(tasks: readonly Task[], isNew: boolean): void {
    if (isNew || this.filled.length === 0) {
      this.import(tasks);
    }
  }

  keepMine(): void {
    this.take(pages.withMine(this.drafts));
  }

  takeTheirs(): void {
    this.take(pages.withTheirs(this.drafts));
  }

  write(change: Partial<Task>): void {
    this.change(pages.withChange(this.drafts, this.task.id, change));
  }

  /** Gives pictures within the tasks addresses, as far as they are to be had. */
  async keepPictures(kept: (html: string) => Promise<string>): Promise<void> {
    for (const { id, content } of this.filled.filter((task) => holdsPictures(task.content))) {
      const next = await kept(content);
      // Somebody may have written meanwhile: that counts, and the next time takes its pictures.
      if (next !== content && this.tasks.find((task) => task.id === id)?.content === content) {
        this.change(pages.withChange(this.drafts, id, { content: next }));
      }
    }
  }

  add(type: TaskType): void {
    this.change(pages.withTask(this.drafts, type));
    this.chosen = this.tasks.at(-1)?.id ?? "";
  }

  duplicate(): void {
    const at = this.place + 1;
    this.change(pages.withCopy(this.drafts, this.task.id));
    this.chosen = this.tasks[at]?.id ?? this.chosen;
  }

  /** Takes the open task out, and gives what brings it back; the one after it is open then. */
  remove(): () => void {
    const { task, place, tasks } = this;
    const next = tasks[place + 1] ?? tasks[place - 1];
    this.change(pages.withoutTask(this.drafts, task.id));
    if (next === undefined) {
      this.add("exercise");
    } else {
      this.chosen = next.id;
    }
    return () => this.bringBack(task, place);
  }

  private bringBack(task: Task, place: number): void {
    if (!this.tasks.some(({ id }) => id === task.id)) {
      this.change(pages.withTaskAt(this.drafts, task, place));
    }
    this.chosen = task.id;
  }

  move(by: number): void {
    this.change(pages.withMoved(this.drafts, this.task.id, by));
  }

  /** The class has these now. */
  sent(given: pages.Given): void {
    this.take(pages.afterSending(this.drafts, given));
    this.saveNow();
  }

  revert(): void {
    this.take(pages.reverted(this.drafts));
  }

  undoImport(): void {
    this.take(pages.withoutImport(this.drafts));
  }

  /** Keeps at once what waits for a pause in the typing. */
  saveNow(): void {
    if (this.timer !== undefined) {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.isKept = keep(pages.draftsPlace(this.room), this.drafts);
    }
  }

  private take(next: pages.Drafts): void {
    this.change(next);
    if (!this.tasks.some(({ id }) => id === this.chosen)) {
      this.openFirst();
    }
  }

  private change(next: pages.Drafts): void {
    this.drafts = next;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.saveNow(), SAVE_MS);
  }

  private openFirst(): void {
    const first = this.tasks.find(({ type }) => type === "exercise") ?? this.tasks[0];
    this.chosen = first?.id ?? "";
  }
}
