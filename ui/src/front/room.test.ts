import { describe, expect, it } from "vitest";
import { roomOf } from "./room";

describe("a room's number", () => {
  it.each([
    ["123456", 123456],
    [" 123 456 ", 123456],
    ["123-456", 123456],
    ["http://192.168.1.5:8000/classroom/123456", 123456],
    ["https://campus.example/quad/classroom/7/", 7],
  ])("is read from %j", (text, number) => {
    expect(roomOf(text)).toBe(number);
  });

  it.each(["", "abc", "12a456", "0", "-", "99999999999", "4294967296", "https://example.org/"])(
    "is not in %j",
    (text) => {
      expect(roomOf(text)).toBeUndefined();
    },
  );
});
