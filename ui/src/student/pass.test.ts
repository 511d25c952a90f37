import { expect, it } from "vitest";
import { linkWith, passIn, spaced } from "./pass";

it("a pass comes out of the link that it went into", () => {
  const link = linkWith("https://quad.example.org/classroom/123456", "ABCD2345");
  expect(passIn(new URL(link).hash)).toBe("ABCD2345");
  expect(spaced("ABCD2345")).toBe("ABCD 2345");
});

it.each(["", "#", "#pass=", "#pass=ABC", "#pass=ABCD2345x", "#other"])("none is in %j", (hash) => {
  expect(passIn(hash)).toBeUndefined();
});
