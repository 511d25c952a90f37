import { beforeAll, describe, expect, it } from "vitest";
import { speak } from "../i18n";
import { exercisesOf, labelsOf, titleOf, type Called } from "./tasks";

const called = (id: string, title = "", type: Called["type"] = "exercise"): Called => ({
  id,
  title,
  type,
});
beforeAll(() => speak("en", ["class"]));

const TASKS = [
  called("t", "", "theory"),
  called("9"),
  called("x", "Loops"),
  called("r", "Rules ", "theory"),
  called("1", "  "),
];

describe("what a task is called", () => {
  it("is its title, else its place among the exercises", () => {
    const titles = [...labelsOf(TASKS).values()].map(({ title }) => title);
    expect(titles).toEqual(["Theory", "Task 1", "Loops", "Rules", "Task 3"]);
  });

  it("is a number where there is no room for more", () => {
    const signs = [...labelsOf(TASKS).values()].map(({ sign }) => sign);
    expect(signs).toEqual(["T", "1", "2", "T", "3"]);
  });

  it("is not known of a task that is none of these", () => {
    expect(titleOf(TASKS, "1")).toBe("Task 3");
    expect(titleOf(TASKS, "2")).toBeUndefined();
  });
});

describe("tasks", () => {
  it("are exercises unless there is only something to read, in their teacher's order", () => {
    expect(exercisesOf(TASKS).map(({ id }) => id)).toEqual(["9", "x", "1"]);
  });
});
