/** One student's history while it is looked at: what is read, where one is, what is shown. */
import { axisOf } from "./axis";
import { firstOf, lastOf, leapt, played, stepped, timesOf, type Cursor } from "./cursor";
import { EMPTY, extended, filesAt, shownAt, type History } from "./history";
import type { Files, Line } from "./lines";
import { momentsOf } from "./moments";
import { readHistory, type Outcome, type Source } from "./reading";

export const PINNED = "pinned";
export const SPEEDS = [1, 2, 4, 8, 16, 32] as const;

/** Files to show a difference to. */
export interface Reference {
  key: string;
  label: string;
  files: Files;
}

/** How often what is new is asked for. */
const NEWS_MS = 4_000;
// A page that was out of sight goes on from where it was.
const LONGEST_FRAME_MS = 250;

export class Replay {
  history = $state.raw<History>(EMPTY);
  /** What became of the last question; undefined before the first answer. */
  outcome = $state<Outcome | undefined>();
  cursor = $state.raw<Cursor>({ index: 0, at: 0 });
  isPlaying = $state(false);
  speed = $state<number>(4);
  /** Whether the file that is shown is the one that changes. */
  isFollowing = $state(true);
  pinned = $state.raw<Cursor | undefined>();
  /** With what it is compared: `PINNED`, the key of a reference, or "" for nothing. */
  compared = $state("");
  private chosen = $state<string | undefined>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;
  private isOpen = true;

  readonly times = $derived(timesOf(this.history));
  readonly axis = $derived(axisOf(this.times));
  readonly moments = $derived(momentsOf(this.history));
  readonly shown = $derived(shownAt(this.history, this.cursor.index));
  readonly names = $derived([...this.shown.files.keys()].sort());
  readonly isAtEnd = $derived(this.cursor.at >= (this.times.at(-1) ?? 0));
  readonly filename = $derived.by(() => {
    const wanted = [this.isFollowing ? this.shown.edit?.filename : undefined, this.chosen];
    return wanted.find((name) => this.shown.files.has(name ?? "")) ?? this.names[0];
  });
  private readonly pinnedFiles = $derived(this.pinned && filesAt(this.history, this.pinned.index));
  /** What the file that is shown is compared with; undefined: with nothing. */
  readonly original = $derived.by(() => {
    const filename = this.filename ?? "";
    if (this.compared === PINNED) {
      // A file that was not there yet is new as a whole.
      return this.pinnedFiles?.get(filename) ?? "";
    }
    return this.reference?.files.get(filename);
  });

  constructor(
    private readonly source: Source,
    private readonly references: () => readonly Reference[],
  ) {}

  /** Reads what there is, and then what is new, until `close`. */
  async open(): Promise<void> {
    if (!document.hidden) {
      const after = this.history.edits.at(-1)?.seq ?? 0;
      const outcome = await readHistory(this.source, after, (lines) => this.take(lines));
      this.outcome = this.isOpen ? outcome : undefined;
    }
    if (this.isOpen && this.outcome !== "refused") {
      this.timer = setTimeout(() => void this.open(), NEWS_MS);
    }
  }

  close(): void {
    this.isOpen = false;
    this.pause();
    clearTimeout(this.timer);
  }

  // Where one is

  goTo(cursor: Cursor): void {
    this.pause();
    this.cursor = cursor;
  }

  step(by: number): void {
    this.goTo(stepped(this.history, this.cursor, by));
  }

  leap(by: 1 | -1): void {
    this.goTo(leapt(this.moments, this.cursor, by));
  }

  toStart(): void {
    this.goTo(firstOf(this.times));
  }

  toEnd(): void {
    this.goTo(lastOf(this.history, this.times));
  }

  choose(filename: string): void {
    this.isFollowing = filename === this.shown.edit?.filename;
    this.chosen = filename;
  }

  // Comparing

  pin(): void {
    this.pinned = this.cursor;
    this.compared = PINNED;
  }

  /** Shows a file that both have, unless the one that is shown is. */
  compare(key: string): void {
    this.compared = key;
    const files = this.reference?.files;
    const common = this.names.find((name) => files?.has(name));
    if (common !== undefined && !files?.has(this.filename ?? "")) {
      this.choose(common);
    }
  }

  private get reference(): Reference | undefined {
    return this.references().find(({ key }) => key === this.compared);
  }

  // Playing

  toggle(): void {
    if (this.isPlaying) {
      this.pause();
      return;
    }
    if (this.isAtEnd) {
      this.toStart();
    }
    this.isPlaying = true;
    this.play(performance.now());
  }

  private pause(): void {
    this.isPlaying = false;
    cancelAnimationFrame(this.frame);
  }

  private play(before: number): void {
    this.frame = requestAnimationFrame((now) => {
      const ms = Math.max(0, Math.min(now - before, LONGEST_FRAME_MS)) * this.speed;
      this.cursor = played(this.history, this.times, this.cursor, ms);
      if (this.isAtEnd) {
        this.pause();
      } else {
        this.play(now);
      }
    });
  }

  private take(lines: Line[]): void {
    if (!this.isOpen) {
      return;
    }
    const wasAtEnd = this.isAtEnd && !this.isPlaying;
    this.history = extended(this.history, lines);
    // Whoever looks at the end sees what comes; others stay where they are.
    if (wasAtEnd) {
      this.cursor = lastOf(this.history, this.times);
    }
  }
}
