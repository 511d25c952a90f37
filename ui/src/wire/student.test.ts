import { expect, it } from "vitest";
import type { AlertCode } from "./generated";
import { heardOf } from "./student";

const alert = (code: AlertCode) => heardOf("alerts", { message: "words", type: "INFO", code });

it.each(["accepted", "declined", "barred", "locked", "name_taken", "silent"] as const)(
  "an alert is not told twice: %s",
  (code) => {
    expect(alert(code)).toBeUndefined();
  },
);

it("an alert that says something of its own is told", () => {
  expect(alert("outdated_plugin")).toMatchObject({ kind: "alert", text: "words" });
  expect(alert("place_taken")).toEqual({ kind: "taken" });
});

it("a sentence without a code is told as it is", () => {
  expect(heardOf("message", { message: "words" })).toMatchObject({ kind: "alert", text: "words" });
  const away = { message: "words", code: "teacher_away" };
  expect(heardOf("message", away)).toEqual({ kind: "teacher", isAway: true });
});
