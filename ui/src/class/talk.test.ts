import { describe, expect, it } from "vitest";
import { dayOf, timeText } from "./talk";

describe("the time of a message", () => {
  it("is that of the reader's clock", () => {
    const at = new Date(2026, 4, 1, 9, 5).toISOString();
    expect(timeText(at, "ru")).toBe("09:05");
    expect(dayOf(at)).toBe("2026-4-1");
  });

  it("is not shown if nobody knows it", () => {
    expect(timeText("12:00", "en")).toBe("");
    expect(dayOf("12:00")).toBe("");
  });
});
