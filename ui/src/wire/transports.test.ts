import { beforeEach, describe, expect, it } from "vitest";
import { keep } from "./kept";
import { EARLY_MS, TransportChoice } from "./transports";

const FIRST = ["websocket", "polling"];
let now = 0;

function aChoice(): TransportChoice {
  return new TransportChoice(() => now);
}

describe("the transport", () => {
  beforeEach(() => {
    now = 1_000_000;
    keep("polling_until", 0);
  });

  it("is WebSocket first, and polling where that led to nothing", () => {
    const choice = aChoice();
    expect(choice.transports).toEqual(FIRST);
    choice.failed();
    expect(choice.transports).toEqual(["polling"]);
  });

  it("is WebSocket again where polling led to nothing, too", () => {
    const choice = aChoice();
    choice.failed();
    choice.failed();
    expect(choice.transports).toEqual(FIRST);
  });

  it("is polling after a WebSocket was lost early twice in a row", () => {
    const choice = aChoice();
    choice.connected("websocket");
    choice.lost();
    expect(choice.transports).toEqual(FIRST);
    choice.connected("websocket");
    choice.lost();
    expect(choice.transports).toEqual(["polling"]);
  });

  it("stays WebSocket where one lasted in between", () => {
    const choice = aChoice();
    for (const livedMs of [0, EARLY_MS, 0]) {
      choice.connected("websocket");
      now += livedMs;
      choice.lost();
    }
    expect(choice.transports).toEqual(FIRST);
  });

  it("stays polling where polling has worked, and on the next page, for an hour", () => {
    const choice = aChoice();
    choice.connected("polling");
    choice.lost();
    expect(choice.transports).toEqual(["polling"]);
    expect(aChoice().transports).toEqual(["polling"]);
    now += 3_600_000;
    expect(aChoice().transports).toEqual(FIRST);
  });

  it("is not remembered as polling before polling has worked", () => {
    aChoice().failed();
    expect(aChoice().transports).toEqual(FIRST);
  });
});
