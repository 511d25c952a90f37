import { describe, expect, it } from "vitest";
import { stillDue, takenBack, unaccepted } from "./reviews";

describe("a word on tasks is taken back", () => {
  it.each([
    ["to what it was", { 1: "ACCEPTED" }, { 1: "ACCEPTED" }, { 1: "DONE" }, { 1: "DONE" }],
    ["also from a decline", { 1: "NONE" }, { 1: "NONE" }, { 1: "DONE" }, { 1: "DONE" }],
    [
      "to not begun, of a task without a status",
      { 1: "ACCEPTED" },
      { 1: "ACCEPTED" },
      {},
      { 1: "NONE" },
    ],
    ["not, once the student has gone on", { 1: "HELP" }, { 1: "NONE" }, { 1: "DONE" }, {}],
    ["not, of a student without statuses", {}, { 1: "NONE" }, { 1: "DONE" }, {}],
    [
      "of each task for itself",
      { 1: "ACCEPTED", 2: "DONE", 3: "ACCEPTED" },
      { 1: "ACCEPTED", 2: "ACCEPTED" },
      { 1: "HELP", 2: "DONE", 3: "DONE" },
      { 1: "HELP" },
    ],
  ] as const)("%s", (_, now, said, before, expected) => {
    expect(takenBack(now, said, before)).toEqual(expected);
  });

  it("long after, to done, if it is accepted still", () => {
    expect(unaccepted({ 1: "ACCEPTED", 2: "ACCEPTED" }, "2")).toEqual({ 2: "DONE" });
    expect(unaccepted({ 1: "ACCEPTED", 2: "IN_PROGRESS" }, "2")).toEqual({});
  });
});

describe("a decline that had to wait", () => {
  it.each([
    [{ 1: "DONE" }, { 1: "NONE" }],
    [{ 1: "NONE" }, {}],
    [{ 1: "IN_PROGRESS" }, {}],
    [{ 1: "ACCEPTED" }, {}],
    [{}, {}],
  ] as const)("of %j says %j", (now, expected) => {
    expect(stillDue(now, { 1: "NONE" })).toEqual(expected);
  });
});
