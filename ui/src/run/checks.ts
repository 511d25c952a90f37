/** Runs checks on somebody's files. One interpreter for one person's work, each check as if it were alone. */
import type { ProjectFile } from "../student/project";
import type { Fault, Program, Said } from "./messages";
import { languageOf } from "./language";

/** By what it prints for an input, or by what is asserted among its names once it has ended. */
export type Check =
  | { readonly name: string; readonly stdin: string; readonly stdout: string }
  | { readonly name: string; readonly code: string };

export interface Work {
  readonly files: readonly ProjectFile[];
  /** The file that is run. */
  readonly filename: string;
}

/** Why a check has failed. */
export type Why =
  | { readonly kind: "fault"; readonly fault: Fault }
  /** The first line that is not as expected, counted from 1; nothing where a text has ended. */
  | {
      readonly kind: "output";
      readonly line: number;
      readonly printed: string | undefined;
      readonly expected: string | undefined;
    }
  | { readonly kind: "time"; readonly seconds: number }
  /** There is no interpreter for this file, or it was lost. */
  | { readonly kind: "lost" };

/** As `checks/report` has them. */
export interface Verdict {
  readonly passed: string[];
  readonly failed: { name: string; why: string }[];
}

/** What runs programs: `Sandbox` is one. */
export interface Interpreter {
  run(program: Program, hears: (said: Said) => void, options: { isFresh: boolean }): void;
  stop(): void;
}

/** From when it runs; what is longer does not end, or nobody waits for it. */
const CHECK_S = 5;
/** An interpreter that has not started by then does not. */
const START_S = 60;

/**
 * Runs all checks, one after the other, and says of each how it went; `say` puts into words why one failed.
 * It never rejects: a program that ends its interpreter fails its check, and the next one has a new one.
 * Taken back by `signal`, it ends at once, and the rest is not run.
 */
export async function runChecks(
  interpreter: Interpreter,
  work: Work,
  checks: readonly Check[],
  say: (why: Why) => string,
  signal?: AbortSignal,
): Promise<Verdict> {
  const [verdict] = await runAllChecks(interpreter, [{ work, checks }], say, signal);
  return verdict ?? { passed: [], failed: [] };
}

/** Some work of one person's, and what is checked of it. */
export interface Job {
  readonly work: Work;
  readonly checks: readonly Check[];
}

/** The same of several tasks, in one interpreter: all of it has to be one person's. A verdict for each. */
export async function runAllChecks(
  interpreter: Interpreter,
  jobs: readonly Job[],
  say: (why: Why) => string,
  signal?: AbortSignal,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  // Nothing is left of the person before.
  let isFresh = true;
  for (const { work, checks } of jobs) {
    const verdict: Verdict = { passed: [], failed: [] };
    verdicts.push(verdict);
    const isPython = languageOf(work.filename) === "python";
    for (const check of checks) {
      if (signal?.aborted === true) {
        return verdicts;
      }
      // Scripts of JavaScript share one scope for as long as their worker lives.
      const why = await run(interpreter, work, check, isFresh || !isPython, signal);
      if (why === undefined) {
        verdict.passed.push(check.name);
      } else {
        verdict.failed.push({ name: check.name, why: say(why) });
      }
      isFresh = why?.kind === "time" || why?.kind === "lost" || !isPython;
    }
  }
  interpreter.stop();
  return verdicts;
}

function run(
  interpreter: Interpreter,
  { files, filename }: Work,
  check: Check,
  isFresh: boolean,
  signal: AbortSignal | undefined,
): Promise<Why | undefined> {
  const language = languageOf(filename);
  if (language === undefined) {
    return Promise.resolve({ kind: "lost" });
  }
  const input = "stdin" in check ? linesOf(check.stdin) : [];
  const after = "code" in check ? check.code : undefined;
  const program: Program = { language, filename, files, input, isInteractive: false, after };
  return new Promise((done) => {
    const end = (why: Why) => {
      interpreter.stop();
      done(why);
    };
    const wait = (seconds: number, why: Why) => setTimeout(() => end(why), seconds * 1_000);
    let limit = wait(START_S, { kind: "lost" });
    const takeBack = () => {
      clearTimeout(limit);
      end({ kind: "lost" });
    };
    signal?.addEventListener("abort", takeBack, { once: true });
    let output = { head: "", tail: "" };
    const hear = (said: Said) => {
      output = withSaid(output, said);
      if (said.kind === "begun") {
        clearTimeout(limit);
        limit = wait(CHECK_S, { kind: "time", seconds: CHECK_S });
      } else if (said.kind === "ended" || said.kind === "broken") {
        clearTimeout(limit);
        signal?.removeEventListener("abort", takeBack);
        done(
          said.kind === "broken"
            ? { kind: "lost" }
            : judged(check, output.head + output.tail, said),
        );
      }
    };
    interpreter.run(program, hear, { isFresh });
  });
}

function judged(check: Check, output: string, { fault }: Said & { kind: "ended" }) {
  if (fault !== undefined) {
    return { kind: "fault", fault } as const;
  }
  return "stdout" in check ? difference(output, check.stdout) : undefined;
}

/** What stands in the way of two texts being the same, but for blanks at the ends of lines and at the end. */
export function difference(printed: string, expected: string): Why | undefined {
  const [ours, theirs] = [printed, expected].map(linesOf);
  const length = Math.max(ours?.length ?? 0, theirs?.length ?? 0);
  for (let at = 0; at < length; at += 1) {
    if (ours?.[at] !== theirs?.[at]) {
      return { kind: "output", line: at + 1, printed: ours?.[at], expected: theirs?.[at] };
    }
  }
  return undefined;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  while (lines.at(-1) === "") {
    lines.pop();
  }
  return lines;
}

function withSaid(output: { head: string; tail: string }, said: Said) {
  if (said.kind === "output" && said.piece.stream === "out") {
    return { ...output, head: output.head + said.piece.text };
  }
  if (said.kind === "tail") {
    const own = said.pieces.filter(({ stream }) => stream === "out");
    return { ...output, tail: own.map(({ text }) => text).join("") };
  }
  return output;
}
