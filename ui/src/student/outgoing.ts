/**
 * Brings a student's files to the teacher while the teacher watches, and into the history while the class
 * is recorded: the whole project first, then what has changed, at most once a second; after a lost
 * connection everything once more.
 */
import type { File, UnsentFile } from "../wire/generated";
import { againAfterS } from "../wire/later";
import type { Answer } from "../wire/student";
import {
  after,
  batches,
  differences,
  tooMuch,
  wholeTree,
  type Sent,
  type Shareable,
} from "./sharing";

const PAUSE_MS = 1_000;
// After an answer that the database or the network is in trouble.
const TROUBLE_MS = 5_000;
// As many as the server relays.
const MOST_LEFT_OUT = 100;

export interface Ways {
  tree: (files: File[], isRecorded: boolean) => Promise<Answer>;
  /** `isPasted`: whether any of the text was, as the editor knows. */
  update: (files: File[], isRecorded: boolean, isPasted: boolean) => Promise<Answer>;
  leftOut: (files: UnsentFile[]) => Promise<Answer>;
  /** What the teacher may see now, who was shown `known` before. */
  shareable: (known: Sent) => Shareable;
  /** The server keeps no more files than these; told once until something changes. */
  refused: (answer: Exclude<Answer, "done" | "lost">) => void;
}

export class Outgoing {
  /** What the teacher knows; undefined before the whole project was sent. */
  private sent: Sent | undefined;
  /** The same, but kept when the teacher looks away. */
  private shown: Sent = new Map();
  /** What the teacher was told to be left out, as JSON. */
  private told = "";
  /** What the server did not take, until something is taken. */
  private refused: UnsentFile[] = [];
  private isWatched = false;
  private isRecorded = false;
  /** Whether anything was pasted that is not sent. */
  private isPasted = false;
  private isBusy = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sentAt = -Infinity;

  constructor(
    private readonly ways: Ways,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The teacher begins to watch, or the student is back while the teacher does. */
  start(): void {
    this.isWatched = true;
    this.sent = undefined;
    this.told = "";
    this.schedule(0);
  }

  /** The teacher watches no longer. */
  stop(): void {
    this.isWatched = false;
    this.rest();
  }

  /** The class is recorded from now on, or no longer. */
  record(isRecorded: boolean): void {
    if (isRecorded && !this.isRecorded) {
      this.sent = undefined;
    }
    this.isRecorded = isRecorded;
    if (isRecorded) {
      this.schedule(0);
    } else {
      this.rest();
    }
  }

  /** Nothing can be sent; whoever goes on says so anew. */
  end(): void {
    this.isRecorded = false;
    this.stop();
  }

  /** Something may have changed. */
  changed(isPasted = false): void {
    this.isPasted ||= isPasted;
    if (this.isWanted) {
      this.schedule(Math.max(0, this.sentAt + PAUSE_MS - this.now()));
    }
  }

  private get isWanted(): boolean {
    return this.isWatched || this.isRecorded;
  }

  private rest(): void {
    if (!this.isWanted) {
      this.sent = undefined;
      this.isPasted = false;
      clearTimeout(this.timer);
      this.timer = undefined;
    }
  }

  private schedule(wait: number): void {
    if (this.timer === undefined && !this.isBusy) {
      this.timer = setTimeout(() => void this.send(), wait);
    } else if (wait === 0 && !this.isBusy) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.send(), 0);
    }
  }

  private async send(): Promise<void> {
    this.timer = undefined;
    const { there, leftOut } = this.ways.shareable(this.shown);
    // Before the files: a teacher who hears of it keeps what was shown.
    this.tellLeftOut([...leftOut, ...this.refused]);
    const isWhole = this.sent === undefined;
    const before: Sent = this.sent ?? new Map();
    const files = isWhole ? wholeTree(there) : differences(before, there);
    if (!isWhole && files.length === 0) {
      return;
    }
    this.isBusy = true;
    this.sentAt = this.now();
    // Known as sent from here on: a start() that comes meanwhile makes it unknown again.
    const known = after(before, files);
    this.sent = known;
    const { isPasted } = this;
    this.isPasted = false;
    const answer = await this.deliver(files, isWhole, isPasted);
    this.isBusy = false;
    // Also if it is sent once more.
    this.isPasted ||= isPasted && answer !== "done";
    this.refused = answer === "done" || !isRefusal(answer) ? [] : tooMuch(files);
    if (answer === "done") {
      this.shown = known;
    } else {
      this.tellLeftOut([...leftOut, ...this.refused]);
    }
    this.answered(answer, known, isWhole ? undefined : before);
  }

  private tellLeftOut(files: UnsentFile[]): void {
    const told = JSON.stringify(files.slice(0, MOST_LEFT_OUT));
    if (told !== this.told && this.isWatched) {
      this.told = told;
      void this.ways.leftOut(files.slice(0, MOST_LEFT_OUT));
    }
  }

  private async deliver(files: File[], isWhole: boolean, isPasted: boolean): Promise<Answer> {
    const { isRecorded, ways } = this;
    for (const [index, portion] of batches(files).entries()) {
      const answer = await (isWhole && index === 0
        ? ways.tree(portion, isRecorded)
        : ways.update(portion, isRecorded, isPasted));
      if (answer !== "done") {
        return answer;
      }
    }
    return "done";
  }

  private answered(answer: Answer, known: Sent, before: Sent | undefined): void {
    if (!this.isWanted) {
      return;
    }
    if (answer === "done") {
      this.schedule(PAUSE_MS);
      return;
    }
    const isTrouble = answer !== "lost" && !isRefusal(answer);
    if (this.sent === known && isTrouble) {
      this.sent = before;
    }
    if (isRefusal(answer)) {
      this.ways.refused(answer);
    }
    this.schedule(TROUBLE_MS);
  }
}

function isRefusal(answer: Answer): answer is Exclude<Answer, "done" | "lost"> {
  return (
    answer !== "done" &&
    answer !== "lost" &&
    againAfterS(answer.code, answer.retry_after_s) === undefined
  );
}
