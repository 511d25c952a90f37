/** A folder of tasks on its way into the library: what is going on, and what came of it. */
import { has, t } from "../i18n";
import { problemText } from "../classroom/problems";
import type { Refusal } from "../wire/teacher";
import { isRefusal, type TakenSet } from "./asking";
import { archiveOf, FolderTooLarge, type FoundFile } from "./folder";

export class Importing {
  /** Undefined while nothing is going on. */
  going: string | undefined = $state();
  problem: string | undefined = $state();
  taken: TakenSet | undefined = $state.raw();

  constructor(private readonly take: (archive: Blob) => Promise<TakenSet | Refusal>) {}

  /** One at a time: what comes meanwhile is passed over. */
  async run(
    find: (heard: (count: number) => void) => FoundFile[] | Promise<FoundFile[]>,
  ): Promise<void> {
    if (this.going !== undefined) {
      return;
    }
    this.problem = undefined;
    this.taken = undefined;
    this.going = t("exchange.reading", { count: 0 });
    try {
      const found = await find((count) => (this.going = t("exchange.reading", { count })));
      await this.send(found);
    } catch (error) {
      const code = error instanceof FolderTooLarge ? "too_large" : "unreadable";
      this.problem = t(`exchange.problem.${code}`);
    } finally {
      this.going = undefined;
    }
  }

  private async send(found: readonly FoundFile[]): Promise<void> {
    if (found.length === 0) {
      this.problem = t("exchange.problem.no_tasks");
      return;
    }
    const archive = await archiveOf(found);
    this.going = t("exchange.sending");
    const answer = await this.take(archive);
    if (isRefusal(answer)) {
      this.problem = exchangeProblem(answer);
    } else {
      this.taken = answer;
    }
  }
}

/** Some codes mean something else of a folder than of what is sent to a class. */
export function exchangeProblem(answer: Refusal): string {
  const key = `exchange.problem.${answer.code}`;
  return has(key) ? t(key) : problemText(answer);
}
