import { describe, expect, it } from "vitest";
import { hashOf, placeOf, type Opened } from "./route";

describe("the fragment of an address", () => {
  it("names the overview if it is empty", () => {
    expect(placeOf("")).toEqual({ section: "overview", opened: undefined });
  });

  it("of something else names no section", () => {
    expect(placeOf("#main")).toBeUndefined();
  });

  it.each<Opened>([
    { kind: "user", id: "ana/б #1" },
    { kind: "building", id: "50%" },
  ])("comes back with what is open: %j", (opened) => {
    expect(placeOf(hashOf("people", opened))).toEqual({ section: "people", opened });
  });

  it("that somebody typed wrongly is taken as it is", () => {
    expect(placeOf("#people/user/50%")?.opened).toEqual({ kind: "user", id: "50%" });
  });

  it("opens nothing where nothing can be opened", () => {
    expect(placeOf("#bots/user/a")).toEqual({ section: "bots", opened: undefined });
  });
});
