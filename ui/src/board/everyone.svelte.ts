/** Checks everybody's work, as many at a time as a machine of today takes; whoever looks sees it grow. */
import { runAllChecks, type Interpreter, type Job, type Why } from "../run/checks";
import { load, type Engine } from "../run/engine";
import { languageOf } from "../run/language";
import type { Language } from "../run/messages";
import { Sandbox } from "../run/sandbox";
import { checksOf } from "../run/subject";
import {
  NO_OUTCOMES,
  withOutcomes,
  type Assignment,
  type Outcome,
  type Outcomes,
  type Plan,
} from "./everyone";

/** Each has an interpreter that works and one that starts: of 60 MB and more each. */
const LANES = 2;

type Progress = "idle" | "loading" | "running" | "ended" | "stopped" | "lost";

const NOTHING: Plan = { assignments: [], unknown: [] };

export class Everyone {
  state: Progress = $state("idle");
  plan: Plan = $state.raw(NOTHING);
  outcomes: Outcomes = $state.raw(NO_OUTCOMES);
  private taking: AbortController | undefined;

  /** `place` is where the frames are put; nobody sees them. `say` puts into words why a check failed. */
  constructor(
    private readonly place: HTMLElement,
    private readonly say: (why: Why) => string,
  ) {}

  get isBusy(): boolean {
    return this.state === "loading" || this.state === "running";
  }

  async start(plan: Plan): Promise<void> {
    this.stop();
    const taking = new AbortController();
    this.taking = taking;
    this.plan = plan;
    this.outcomes = NO_OUTCOMES;
    this.state = "loading";
    const state = await this.perform(plan, taking.signal);
    if (this.taking === taking) {
      this.state = state;
    }
  }

  stop(): void {
    if (this.isBusy) {
      this.state = "stopped";
    }
    this.taking?.abort();
    this.taking = undefined;
  }

  private async perform(plan: Plan, signal: AbortSignal): Promise<Progress> {
    try {
      const engines = await Promise.all(
        languagesOf(plan).map((language) => load(language, () => undefined)),
      );
      if (!signal.aborted) {
        this.state = "running";
        const waiting = [...plan.assignments];
        const lanes = Array.from({ length: LANES }, () => this.work(waiting, engines, signal));
        await Promise.all(lanes);
      }
      return "ended";
    } catch {
      return "lost";
    }
  }

  /** One student after the other, until nobody waits. */
  private async work(
    waiting: Assignment[],
    engines: readonly Engine[],
    signal: AbortSignal,
  ): Promise<void> {
    const sandbox = new Sandbox(this.place);
    engines.forEach((engine) => sandbox.equip(engine));
    try {
      for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
        const outcomes = await checked(sandbox, next, this.say, signal);
        if (!signal.aborted) {
          this.outcomes = withOutcomes(this.outcomes, next.user, outcomes);
        }
      }
    } finally {
      sandbox.close();
    }
  }
}

function languagesOf({ assignments }: Plan): Language[] {
  const works = assignments.flatMap(({ attempts }) => attempts.map(({ work }) => work));
  const languages = works.map((work) => work && languageOf(work.filename));
  return [...new Set(languages)].filter((language) => language !== undefined);
}

/** All of one student's, in one interpreter. */
async function checked(
  interpreter: Interpreter,
  { attempts }: Assignment,
  say: (why: Why) => string,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const jobs = attempts.flatMap(({ task, work }): Job[] =>
    work === undefined ? [] : [{ work, checks: checksOf(task) }],
  );
  const verdicts = jobs.length === 0 ? [] : await runAllChecks(interpreter, jobs, say, signal);
  return attempts.map((attempt) => ({
    ...attempt,
    verdict: attempt.work === undefined ? undefined : verdicts.shift(),
  }));
}
