import { describe, expect, it } from "vitest";
import { answerOf } from "./teacher";

describe("an acknowledgement", () => {
  it.each([[undefined], [null], [{}], [{ rev: 2 }]])("that is %j says that it is done", (reply) => {
    expect(answerOf(reply)).toEqual({ isDone: true, result: reply });
  });

  it("that holds an error says what is wrong, without the word before it", () => {
    const error = {
      message: "Error: Room 7 not found!",
      event: "room/rehost",
      code: "room_not_found",
    };
    expect(answerOf(error)).toEqual({
      isDone: false,
      code: "room_not_found",
      message: "Room 7 not found!",
      retryAfterS: undefined,
    });
  });

  it("may say when to try again", () => {
    const error = { message: "Error: slowly", event: "x", code: "rate_limited", retry_after_s: 3 };
    expect(answerOf(error)).toMatchObject({ code: "rate_limited", retryAfterS: 3 });
  });
});
