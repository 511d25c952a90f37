/** What becomes of runs and checks, on its way to the teacher: the latest of each. */
import type { Report } from "../run/reported";
import type { ReportChecks } from "../wire/generated";
import { againAfterS } from "../wire/later";
import type { Answer } from "../wire/student";

type Checked = Omit<ReportChecks, "room_id">;

// As often as the server passes it on.
const PAUSE_MS = 1_000;

export interface Ways {
  run: (report: Report) => Promise<Answer>;
  checks: (report: Checked) => Promise<Answer>;
  isHere: () => boolean;
}

export class Reports {
  private waiting: Report | undefined;
  private readonly checked = new Map<string, Checked>();
  private isSending = false;
  private sentAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private againTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ways: Ways,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A program has begun, says more, or has ended: its end is told at once. */
  ran(report: Report): void {
    this.waiting = report;
    const wait = report.state === "running" ? this.sentAt + PAUSE_MS - this.now() : 0;
    this.schedule(Math.max(0, wait));
  }

  /** A task was checked; a newer word on it takes the place of one that has not gone. */
  check(report: Checked): void {
    // Behind what is being sent.
    this.checked.delete(report.task);
    this.checked.set(report.task, report);
    void this.send();
  }

  /** Call it when there is a connection again. */
  async send(): Promise<void> {
    if (!this.isSending) {
      this.isSending = true;
      // Also those that come meanwhile.
      for (const report of this.checked.values()) {
        await this.sendChecked(report);
      }
      this.isSending = false;
    }
    if (this.waiting !== undefined) {
      this.schedule(0);
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.againTimer);
  }

  /** Nothing of this student's is told as another's. */
  forget(): void {
    this.stop();
    this.waiting = undefined;
    this.checked.clear();
  }

  private async sendChecked(report: Checked): Promise<void> {
    if (!this.ways.isHere() || this.checked.get(report.task) !== report) {
      return;
    }
    const answer = await this.ways.checks(report);
    const again = isRefusal(answer) ? againAfterS(answer.code, answer.retry_after_s) : undefined;
    if (again !== undefined) {
      clearTimeout(this.againTimer);
      this.againTimer = setTimeout(() => void this.send(), again * 1_000);
    } else if (answer !== "lost" && this.checked.get(report.task) === report) {
      this.checked.delete(report.task);
    }
  }

  private schedule(wait: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.sendRun(), wait);
  }

  private async sendRun(): Promise<void> {
    const report = this.waiting;
    if (report === undefined || !this.ways.isHere()) {
      return;
    }
    this.sentAt = this.now();
    const answer = await this.ways.run(report);
    // What was lost is told over the next connection, unless there is newer.
    if (answer !== "lost" && this.waiting === report) {
      this.waiting = undefined;
    }
  }
}

function isRefusal(answer: Answer): answer is Exclude<Answer, "done" | "lost"> {
  return answer !== "done" && answer !== "lost";
}
