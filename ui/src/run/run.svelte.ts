/** What the run pane shows: one program after the other, each from Run to its end. */
import type { ProjectFile } from "../student/project";
import { newKey } from "../class/keys";
import { runChecks, type Check, type Verdict, type Why, type Work } from "./checks";
import { load } from "./engine";
import { languageOf } from "./language";
import type { Fault, Language, Piece, Program, Said, Shape } from "./messages";
import { Sandbox } from "./sandbox";
import { drawn, extended } from "./transcript";

/** A program that says nothing for so long has forgotten how to end. */
const SILENCE_MS = 60_000;
/** As often as a screen is drawn. */
const SHOW_MS = 16;

export type RunState =
  | "idle"
  | "loading"
  | "running"
  | "asks"
  | "ended"
  | "failed"
  | "stopped"
  | "timed_out"
  | "lost"
  | "checking";

/** Of the last program. */
export interface Shown {
  readonly filename: string;
  readonly pieces: readonly Piece[];
  /** Where the middle is missing: characters, and before which piece. */
  readonly leftOut: number;
  readonly headLength: number;
  readonly shapes: readonly Shape[];
  readonly fault: Fault | undefined;
}

const NOTHING: Shown = {
  filename: "",
  pieces: [],
  leftOut: 0,
  headLength: 0,
  shapes: [],
  fault: undefined,
};

export class Run {
  state: RunState = $state("idle");
  /** Which part of the engine has arrived. */
  arrived = $state(0);
  shown: Shown = $state.raw(NOTHING);
  /** What the last program is called in reports; empty before it runs, and while checks do. */
  id = "";

  private readonly sandbox: Sandbox;
  private readonly heard: Said[] = [];
  private silence: ReturnType<typeof setTimeout> | undefined;
  private showing: ReturnType<typeof setTimeout> | undefined;
  /** Counts presses of Run and Stop: an engine may arrive after both. */
  private turn = 0;
  private startedAt = 0;
  private checking: AbortController | undefined;

  /** `changed` hears of each new state and of what is printed: for whoever watches. */
  constructor(
    place: HTMLElement,
    private readonly changed: () => void = () => undefined,
  ) {
    this.sandbox = new Sandbox(place);
  }

  get isBusy(): boolean {
    return ["loading", "running", "asks", "checking"].includes(this.state);
  }

  /** How long the program has run. */
  get ms(): number {
    return Math.max(0, Math.round(performance.now() - this.startedAt));
  }

  /** Has an interpreter wait for the first Run. */
  async prepare(language: Language): Promise<void> {
    this.sandbox.equip(await load(language, (part) => (this.arrived = part)));
  }

  async start(files: readonly ProjectFile[], filename: string, input: readonly string[]) {
    const language = languageOf(filename);
    if (language === undefined) {
      return;
    }
    this.stop();
    const turn = ++this.turn;
    this.shown = { ...NOTHING, filename };
    this.id = "";
    if (!(await this.isReady(language, turn))) {
      return;
    }
    this.id = newKey();
    this.startedAt = performance.now();
    this.state = "running";
    this.listen();
    this.changed();
    const program: Program = { language, filename, files, input, isInteractive: true };
    this.sandbox.run(program, (said) => this.hear(said));
  }

  /** Runs checks; undefined if they could not be run, or were taken back. */
  async check(
    work: Work,
    checks: readonly Check[],
    say: (why: Why) => string,
  ): Promise<Verdict | undefined> {
    const language = languageOf(work.filename);
    this.stop();
    this.id = "";
    const turn = ++this.turn;
    if (language === undefined || !(await this.isReady(language, turn))) {
      return undefined;
    }
    this.state = "checking";
    this.checking = new AbortController();
    const verdict = await runChecks(this.sandbox, work, checks, say, this.checking.signal);
    if (turn !== this.turn) {
      return undefined;
    }
    this.state = "idle";
    return verdict;
  }

  private async isReady(language: Language, turn: number): Promise<boolean> {
    this.state = "loading";
    try {
      await this.prepare(language);
      if (language === "python") {
        await this.sandbox.ready();
      }
    } catch {
      this.end("lost", turn);
      return false;
    }
    return turn === this.turn;
  }

  /** A line that the program has asked for. */
  answer(line: string): void {
    if (this.state === "asks") {
      this.state = "running";
      this.listen();
      this.sandbox.line(line);
    }
  }

  stop(): void {
    if (this.state === "checking") {
      this.turn += 1;
      this.state = "idle";
      this.checking?.abort();
    } else if (this.isBusy) {
      this.show();
      if (this.state !== "loading") {
        this.sandbox.stop();
      }
      this.end("stopped", this.turn);
    }
  }

  close(): void {
    this.turn += 1;
    this.checking?.abort();
    clearTimeout(this.silence);
    clearTimeout(this.showing);
    this.sandbox.close();
  }

  private end(state: RunState, turn: number): void {
    if (turn === this.turn) {
      this.turn += 1;
      clearTimeout(this.silence);
      this.state = state;
      this.changed();
    }
  }

  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.show();
      this.sandbox.stop();
      this.end("timed_out", this.turn);
    }, SILENCE_MS);
  }

  private hear(said: Said): void {
    if (!this.isBusy) {
      return;
    }
    this.heard.push(said);
    if (said.kind === "asks" || said.kind === "ended" || said.kind === "broken") {
      this.show();
      this.follow(said);
    } else {
      this.listen();
      this.showing ??= setTimeout(() => this.show(), SHOW_MS);
    }
  }

  private follow(said: Said): void {
    switch (said.kind) {
      case "asks":
        // Whoever thinks about an answer is not the program's silence.
        clearTimeout(this.silence);
        this.state = "asks";
        this.changed();
        break;
      case "ended":
        this.shown = { ...this.shown, fault: said.fault };
        this.end(said.fault === undefined ? "ended" : "failed", this.turn);
        break;
      default:
        this.end("lost", this.turn);
    }
  }

  /** Shows at once what was heard since the last time. */
  private show(): void {
    clearTimeout(this.showing);
    this.showing = undefined;
    const said = this.heard.splice(0);
    if (said.length > 0) {
      this.shown = { ...this.shown, ...extended(this.shown, said), ...drawn(this.shown, said) };
      this.changed();
    }
  }
}
