/**
 * Tries checks on the teacher's own solution: one that it fails would be failed by everybody. What was tried
 * once is known until task or solution change.
 */
import { runChecks, type Why } from "../run/checks";
import { load } from "../run/engine";
import { languageOf } from "../run/language";
import { Sandbox } from "../run/sandbox";
import { checksOf, pathOf, subjectOf } from "../run/subject";
import type { Task } from "../wire/generated";
import { solved } from "./taskfiles";

/** What came of a check: why it failed, or nothing if it passed. */
export interface Tried {
  readonly name: string;
  readonly why: Why | undefined;
}

export class Trial {
  isRunning = $state(false);
  /** By what was tried. */
  private tried: Readonly<Record<string, readonly Tried[]>> = $state.raw({});

  /** `place` is where the frame is put; nobody sees it. */
  constructor(private readonly place: () => HTMLElement) {}

  /** What is known of a task as it is now. */
  of(task: Task): readonly Tried[] | undefined {
    return this.tried[signature(task)];
  }

  /** Tries what was not tried yet. */
  async run(tasks: readonly Task[]): Promise<void> {
    this.isRunning = true;
    for (const task of tasks) {
      if (canBeTried(task) && this.of(task) === undefined) {
        const tried = await tryOut(task, this.place());
        this.tried = { ...this.tried, [signature(task)]: tried };
      }
    }
    this.isRunning = false;
  }
}

/** Without a solution, or without checks, there is nothing to be tried. */
export function canBeTried({ checks, solution = [] }: Task): boolean {
  return checks.length > 0 && solution.length > 0;
}

/** It never rejects: what could not be run is `lost`. */
async function tryOut(task: Task, place: HTMLElement): Promise<Tried[]> {
  const files = solved(task).map((file) => ({ ...file, filename: pathOf(task, file.filename) }));
  const filename = subjectOf(task, files);
  const language = filename === undefined ? undefined : languageOf(filename);
  if (filename === undefined || language === undefined) {
    return allLost(task);
  }
  const sandbox = new Sandbox(place);
  try {
    sandbox.equip(await load(language, () => undefined));
    if (language === "python") {
      await sandbox.ready();
    }
    return await judged(sandbox, task, { files, filename });
  } catch {
    // The engine did not come.
    return allLost(task);
  } finally {
    sandbox.close();
  }
}

async function judged(
  sandbox: Sandbox,
  task: Task,
  work: Parameters<typeof runChecks>[1],
): Promise<Tried[]> {
  const whys: Why[] = [];
  const note = (why: Why) => String(whys.push(why) - 1);
  const { passed, failed } = await runChecks(sandbox, work, checksOf(task), note);
  return [
    ...passed.map((name) => ({ name, why: undefined })),
    ...failed.map(({ name, why }) => ({ name, why: whys[Number(why)] })),
  ];
}

function allLost({ checks }: Task): Tried[] {
  return checks.map(({ name }) => ({ name, why: { kind: "lost" } }));
}

function signature({ id, folder, files, checks, solution = [] }: Task): string {
  return JSON.stringify([id, folder, files, checks, solution]);
}
