/** What stands out in a history: the marks of the server, and what was pasted. Pure. */
import type { History, PlacedMark } from "./history";
import type { MarkKind } from "./lines";

export type MomentKind = MarkKind | "paste";

/** Something at a time, after so many edits. */
export interface Moment {
  key: string;
  at: number;
  index: number;
  kind: MomentKind;
  /** The key of its text in the catalogue, below `replay.moments`, and what stands in it. */
  text: string;
  values: Record<string, string | number>;
  /** A program that failed, a check that did not pass. */
  isProblem: boolean;
}

type Words = Pick<Moment, "text" | "values">;

/** All of them, in the order in which they happened. */
export function momentsOf(history: History): Moment[] {
  const marks = history.marks.map(ofMark);
  return [...marks, ...pastes(history)].sort(
    (one, other) => one.at - other.at || one.index - other.index,
  );
}

function pastes({ edits }: History): Moment[] {
  return edits.flatMap(({ seq, at, filename, inserted, isPasted }, place) => {
    const values = { count: [...inserted].length, filename };
    const paste = {
      at,
      index: place + 1,
      kind: "paste",
      text: "paste",
      values,
      isProblem: false,
    } as const;
    return isPasted && inserted !== "" ? [{ key: `paste-${seq}-${filename}`, ...paste }] : [];
  });
}

function ofMark(mark: PlacedMark): Moment {
  const { id, at, index, kind } = mark;
  return { key: `mark-${id}`, at, index, kind, ...wordsOf(mark), isProblem: isProblem(mark) };
}

function isProblem({ kind, data }: PlacedMark): boolean {
  return kind === "run"
    ? ["failed", "timed_out"].includes(textOf(data["state"]))
    : kind === "check" && count(data["failed"]) > 0;
}

function wordsOf({ kind, data }: PlacedMark): Words {
  switch (kind) {
    case "join":
      return { text: "join", values: {} };
    case "run":
      return ofRun(data);
    case "check":
      return { text: "check", values: { passed: count(data["passed"]), all: allOf(data) } };
    case "help":
      return {
        text: `help.${oneOf(["waiting", "paused", "taken"], data["state"], "ended")}`,
        values: {},
      };
    case "status":
      return ofStatuses(data);
  }
}

function ofRun(data: PlacedMark["data"]): Words {
  const state = oneOf(["failed", "stopped", "timed_out"], data["state"], "ended");
  const error = typeof data["error"] === "string" ? data["error"] : "";
  const values = { filename: textOf(data["filename"]), error };
  return { text: `run.${state === "failed" && error === "" ? "failed_somehow" : state}`, values };
}

function ofStatuses(data: PlacedMark["data"]): Words {
  const [status, ...others] = Object.values(data).map(textOf);
  const known = ["IN_PROGRESS", "HELP", "DONE", "ACCEPTED"];
  // Several at once are one report of a page, and each has a status of its own.
  return others.length > 0
    ? { text: "status.several", values: { count: others.length + 1 } }
    : { text: `status.${oneOf(known, status, "NONE")}`, values: {} };
}

function allOf(data: PlacedMark["data"]): number {
  return count(data["passed"]) + count(data["failed"]);
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function oneOf(known: readonly string[], value: unknown, other: string): string {
  return known.find((each) => each === value) ?? other;
}
