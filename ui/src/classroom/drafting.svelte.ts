/** The teacher at the editor: the drafts of one class, the page that is open, and what of it is kept. */
import { keep, kept } from "../wire/kept";
import type { Step } from "../wire/generated";
import * as pages from "./drafts";

const SAVE_MS = 400;

export class Drafting {
  drafts: pages.Drafts = $state.raw(pages.BLANK);
  /** The page that is open. */
  private chosen: number = $state(0);
  /** The pages before one was moved or taken out. */
  private earlier: pages.Drafts | undefined = $state.raw();
  /** Whether what was typed outlives the page. */
  isKept = $state(true);
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly page = $derived(pages.pageOf(this.drafts, this.chosen));
  readonly name = $derived(pages.nameOf(this.drafts, this.chosen));
  /** Theory, then the tasks. */
  readonly all = $derived([this.drafts.theory, ...this.drafts.tasks]);
  /** Which task is open, from 0; -1 for theory. */
  readonly place = $derived(this.drafts.tasks.findIndex(({ key }) => key === this.page.key));
  /** Names of the steps that are not with the class as they are here. */
  readonly changed = $derived(pages.changed(this.drafts));
  readonly steps = $derived(pages.stepsOf(this.drafts));

  constructor(private readonly room: number) {
    this.drafts = kept(pages.draftsPlace(room), pages.asDrafts) ?? pages.BLANK;
    this.openFirst();
  }

  /** Whether tasks that were moved or taken out can be put back. */
  get canPutBack(): boolean {
    return this.earlier !== undefined;
  }

  open(key: number): void {
    this.chosen = key;
  }

  /** What the class has, as the server tells. */
  load(steps: readonly Step[]): void {
    this.take(pages.withLoaded(this.drafts, steps));
  }

  /** Tasks from elsewhere, which replace the pages until that is undone. */
  import(steps: readonly Step[]): void {
    this.take(pages.withImported(this.drafts, steps));
  }

  write(html: string): void {
    this.change(pages.withHtml(this.drafts, this.page.key, html));
  }

  add(): void {
    this.change(pages.withTask(this.drafts));
    this.chosen = pages.newestKey(this.drafts);
  }

  /** Takes the open task out; the one after it is open then. */
  remove(): void {
    const { tasks, theory } = this.drafts;
    const next = tasks[this.place + 1] ?? tasks[this.place - 1] ?? theory;
    this.earlier ??= this.drafts;
    this.change(this.withoutOpen());
    this.chosen = next.key;
  }

  withoutOpen(): pages.Drafts {
    return pages.withoutTask(this.drafts, this.page.key);
  }

  move(by: number): void {
    this.earlier ??= this.drafts;
    this.change(pages.withMoved(this.drafts, this.page.key, by));
  }

  putBack(): void {
    if (this.earlier !== undefined) {
      this.change(pages.withOrderOf(this.drafts, this.earlier));
      this.earlier = undefined;
    }
  }

  /** The class has all of it now. */
  sent(): void {
    this.change(pages.afterSending(this.drafts));
    this.earlier = undefined;
    this.saveNow();
  }

  revert(): void {
    this.change(pages.reverted(this.drafts));
    this.openFirst();
  }

  undoImport(): void {
    this.change(pages.withoutImport(this.drafts));
    this.openFirst();
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
    if (!this.all.some(({ key }) => key === this.chosen)) {
      this.openFirst();
    }
  }

  private change(next: pages.Drafts): void {
    this.drafts = next;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.saveNow(), SAVE_MS);
  }

  private openFirst(): void {
    this.chosen = this.drafts.tasks[0]?.key ?? this.drafts.theory.key;
  }
}
