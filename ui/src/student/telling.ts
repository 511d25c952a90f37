/** Tells the server what a student has set and called for, as often as it takes. */
import type { Status } from "../class/status";
import { againAfterS } from "../wire/later";
import type { Answer } from "../wire/student";
import type { Call } from "./helping";
import type { Event, State } from "./state";

// After an answer that did not come, though the connection is there.
const UNANSWERED_S = 5;

export interface Ways {
  state: () => State;
  /** Whether the student's place is taken up on this connection. */
  isHere: () => boolean;
  report: (statuses: Record<string, Status>) => Promise<Answer>;
  ask: (task: string | undefined, note: string) => Promise<Answer>;
  pause: (isPaused: boolean) => Promise<Answer>;
  cancel: () => Promise<Answer>;
  /** The server knows it now. */
  told: (event: Extract<Event, { kind: "reported" | "call reported" }>) => void;
  refused: (answer: Exclude<Answer, "done" | "lost">) => void;
}

export class Telling {
  private isTelling = false;
  /** Somebody asked for it while it was being done. */
  private isWanted = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ways: Ways) {}

  /** Call it whenever there is something to tell, or a connection to tell it over. */
  async tell(): Promise<void> {
    this.isWanted = true;
    if (this.isTelling) {
      return;
    }
    this.isTelling = true;
    clearTimeout(this.timer);
    while (this.isWanted) {
      this.isWanted = false;
      // Without a connection all of it is told once there is one.
      await this.tellStatuses();
      await this.tellCall();
    }
    this.isTelling = false;
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private async tellStatuses(): Promise<void> {
    const { unreported: statuses } = this.ways.state();
    if (!this.ways.isHere() || Object.keys(statuses).length === 0) {
      return;
    }
    const answer = await this.ways.report(statuses);
    if (answer === "done") {
      this.ways.told({ kind: "reported", statuses });
    } else if (isError(answer, "unknown_task")) {
      this.ways.told({ kind: "reported", statuses: this.ofNoTask(statuses) });
      this.isWanted = true;
    } else {
      this.notTold(answer);
    }
  }

  /** Those whose tasks are gone for good: nobody waits for them. */
  private ofNoTask(statuses: Readonly<Record<string, Status>>): Record<string, Status> {
    const ids = new Set(this.ways.state().tasks.map(({ id }) => id));
    const gone = Object.entries(statuses).filter(([task]) => !ids.has(task));
    return gone.length > 0 ? Object.fromEntries(gone) : statuses;
  }

  private async tellCall(): Promise<void> {
    const { call, isCallReported } = this.ways.state();
    if (!this.ways.isHere() || isCallReported) {
      return;
    }
    const answer = await (call === undefined ? this.ways.cancel() : this.ask(call));
    // Whoever paused a call that has ended meanwhile has called for nothing.
    if (answer === "done" || isError(answer, "not_asking")) {
      this.ways.told({ kind: "call reported", call });
    } else {
      this.notTold(answer);
    }
  }

  /** A call that is known keeps its place. */
  private async ask({ task, note, isPaused }: Call): Promise<Answer> {
    let answer = await this.ways.ask(task, note);
    if (isError(answer, "unknown_task")) {
      answer = await this.ways.ask(undefined, note);
    }
    return answer === "done" && isPaused ? this.ways.pause(true) : answer;
  }

  /** What the server could not take now, or has not answered, it is told again. */
  private notTold(answer: Exclude<Answer, "done">): void {
    const again = answer === "lost" ? UNANSWERED_S : againAfterS(answer.code, answer.retry_after_s);
    if (again !== undefined) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.tell(), again * 1_000);
    } else if (answer !== "lost") {
      this.ways.refused(answer);
    }
  }
}

function isError(answer: Answer, code: string): boolean {
  return answer !== "done" && answer !== "lost" && answer.code === code;
}
