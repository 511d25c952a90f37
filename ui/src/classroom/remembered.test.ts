import { describe, expect, it } from "vitest";
import { ticketIn } from "./remembered";

describe("the address of a class that was handed over", () => {
  it("holds all that it takes to come in", () => {
    expect(ticketIn("#123456/7/a-B_9")).toMatchObject({ room: 123456, user: 7, token: "a-B_9" });
  });

  it.each(["", "#", "#123456", "#123456/7", "#123456/7/", "#12/7/x", "#123456/7/x y"])(
    "is not %j",
    (hash) => {
      expect(ticketIn(hash)).toBeUndefined();
    },
  );
});
