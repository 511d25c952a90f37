import { describe, expect, it } from "vitest";
import { labelsOf } from "../class/tasks";
import type { Why } from "../run/checks";
import { hasBadName, withCheck, withNewCheck, withoutCheck } from "./checklist";
import { newTask } from "./task";
import type { Tried } from "./trial.svelte";
import { refusalOf } from "./trying";

const TASK = { ...newTask(), checks: withNewCheck([], "output", "Check") };
const LATE: Why = { kind: "time", seconds: 5 };

function refusal(task: typeof TASK, ...tried: Tried[]): string | undefined {
  return refusalOf([newTask(), task], { of: () => tried }, labelsOf([task]));
}

describe("tasks are not sent", () => {
  it("if their teacher's own solution fails a check", () => {
    expect(refusal(TASK, { name: "Check 1", why: undefined })).toBeUndefined();
    expect(refusal(TASK, { name: "Check 1", why: LATE })).toBe("teaching.checks.refused");
  });

  it("but may be, if nobody could try", () => {
    expect(refusal(TASK, { name: "Check 1", why: { kind: "lost" } })).toBeUndefined();
    expect(refusalOf([TASK], { of: () => undefined }, labelsOf([TASK]))).toBeUndefined();
  });

  it.each(["", "  ", "Check 2"])("if a check is called %j beside another", (name) => {
    const two = withNewCheck(TASK.checks, "code", "Check");
    const checks = withCheck(two, 0, { name });
    expect(refusal({ ...TASK, checks })).toBe("teaching.checks.bad_names");
  });
});

describe("checks", () => {
  it("are of the output or of what is asserted, under names of their own", () => {
    const both = withNewCheck(TASK.checks, "code", "Check");
    expect(both).toEqual([
      { name: "Check 1", stdin: "", stdout: "", is_hidden: false },
      { name: "Check 2", code: "", is_hidden: false },
    ]);
    const again = withNewCheck(withoutCheck(both, 0), "code", "Check");
    expect(hasBadName(again)).toBe(false);
  });
});
