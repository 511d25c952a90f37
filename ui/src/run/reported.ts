/** What is told of a run to whoever watches. Pure. */
import type { ReportRun } from "../wire/generated";
import type { Run, RunState } from "./run.svelte";

export type Report = Omit<ReportRun, "room_id">;

/** The server keeps as much of the end. */
const OUTPUT_LIMIT = 4_096;

const TOLD: Partial<Record<RunState, Report["state"]>> = {
  running: "running",
  asks: "running",
  ended: "ended",
  failed: "failed",
  stopped: "stopped",
  timed_out: "timed_out",
  // Its interpreter is gone, and nobody knows why.
  lost: "stopped",
};

/** Undefined while there is nothing to tell. */
export function reported({ id, ms, shown, state }: Pick<Run, "id" | "ms" | "shown" | "state">) {
  const told = TOLD[state];
  if (told === undefined || id === "") {
    return undefined;
  }
  const { filename, fault, pieces } = shown;
  const output = pieces.map(({ text }) => text).join("");
  const report: Report = {
    run: id,
    filename,
    state: told,
    output: output.slice(-OUTPUT_LIMIT),
    ms,
  };
  if (fault !== undefined) {
    const { kind, message, line } = fault;
    report.error = { kind: kind || "Error", message, ...(line === undefined ? {} : { line }) };
  }
  return report;
}
