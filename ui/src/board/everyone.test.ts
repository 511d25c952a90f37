import { describe, expect, it } from "vitest";
import type { Scene } from "../class/scenes";
import { OUTSIDE, reduce } from "../classroom/classroom";
import { happened } from "../classroom/replay";
import { newTask } from "../classroom/task";
import { acceptable, hasPassed, planned, withOutcomes, NO_OUTCOMES } from "./everyone";

const ANNA = 2;
const BORIS = 3;
const SCENES = ["the class begins", "Anna joins", "the teacher watches Anna"] as const;
const TASK = {
  ...newTask(),
  id: "1",
  checks: [
    { name: "one", stdin: "", stdout: "1", is_hidden: false },
    { name: "two", stdin: "", stdout: "2", is_hidden: false },
  ],
};

const lesson = (...scenes: Scene[]) =>
  happened(0, ...SCENES, ...scenes).reduce(reduce, OUTSIDE).students;
const planOf = (...scenes: Scene[]) =>
  planned(
    [...lesson(...scenes)].map(([, student]) => student),
    [TASK],
  );
const attempt = { task: TASK, work: { files: [], filename: "main.py" } };

describe("everybody's checks", () => {
  it("are of the last files, and name whose are not known", () => {
    const { assignments, unknown } = planOf("Anna types", "Anna is lost", "Dora reloads");
    expect(assignments[0]).toMatchObject({
      user: ANNA,
      attempts: [{ work: { filename: "main.py", files: [{ content: "print(2)\n" }] } }],
    });
    expect(assignments).toHaveLength(1);
    expect(unknown).toContain(BORIS);
  });

  it("pass if all of the task's did, and if they were run", () => {
    const of = (passed: string[]) => hasPassed({ ...attempt, verdict: { passed, failed: [] } });
    expect([of(["one", "two"]), of(["one"]), of([])]).toEqual([true, false, false]);
    expect(hasPassed({ ...attempt, verdict: undefined })).toBe(false);
  });

  it("offer what passed and is not accepted yet, of who is still in the class", () => {
    const verdict = { passed: ["one", "two"], failed: [] };
    const outcomes = [ANNA, BORIS, 99].reduce(
      (all, user) => withOutcomes(all, user, [{ ...attempt, verdict }]),
      NO_OUTCOMES,
    );
    const students = new Map([
      [ANNA, { steps: { 1: "ACCEPTED" } as const }],
      [BORIS, { steps: { 1: "DONE" } as const }],
    ]);
    expect(acceptable(outcomes, students).map(({ user }) => user)).toEqual([BORIS]);
  });
});
