import { describe, expect, it } from "vitest";
import { roomInPath, roomOf } from "./room";

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

describe("a room's address", () => {
  it("ends in its number", () => {
    expect(roomInPath("123456")).toBe(123456);
  });

  it.each(["", "0", "000001", "-1", "1.5", "123-456", "abc", "99999999999"])(
    "does not end in %j",
    (text) => {
      expect(roomInPath(text)).toBeUndefined();
    },
  );
});
