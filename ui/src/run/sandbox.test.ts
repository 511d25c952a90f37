// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Engine } from "./engine";
import type { Order, Program, Said } from "./messages";
import { Sandbox } from "./sandbox";

/** The frames that were opened, by what they were ordered; and how the last one speaks. */
const frames: Order[][] = [];
let say: (said: Said) => void = () => undefined;

class Channel {
  readonly port2 = {};
  readonly port1 = {
    onmessage: undefined as ((event: { data: unknown }) => void) | undefined,
    postMessage: (order: Order) => this.orders.push(order),
    close: () => undefined,
  };
  private readonly orders: Order[] = [];

  constructor() {
    frames.push(this.orders);
    say = (said) => this.port1.onmessage?.({ data: said });
  }
}

const PROGRAM: Program = {
  language: "python",
  filename: "main.py",
  files: [],
  input: [],
  isInteractive: false,
};
const PYTHON: Engine = {
  kind: "python",
  folder: "",
  worker: "",
  wasm: new ArrayBuffer(0),
  library: new ArrayBuffer(0),
};
const kinds = () => frames.map((orders) => orders.map(({ kind }) => kind));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("MessageChannel", Channel);
  frames.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a program of an engine that is still starting", () => {
  it("waits until an interpreter is ready", () => {
    const sandbox = new Sandbox(document.body);
    sandbox.equip(PYTHON);
    sandbox.run(PROGRAM, () => undefined);
    expect(kinds()).toEqual([["python"]]);
    say({ kind: "ready" });
    expect(kinds()).toEqual([["python", "run"]]);
  });
});

describe("a program that is run behind one that is being stopped", () => {
  function stopping() {
    const heard: Said[] = [];
    const sandbox = new Sandbox(document.body);
    sandbox.equip(PYTHON);
    sandbox.run(PROGRAM, () => undefined);
    say({ kind: "ready" });
    sandbox.stop();
    sandbox.run(PROGRAM, (said) => heard.push(said));
    return heard;
  }

  it("waits until the frame has stopped, and hears nothing of the one before", () => {
    const heard = stopping();
    expect(kinds()).toEqual([["python", "run", "stop"]]);
    say({ kind: "begun" });
    say({ kind: "stopped" });
    expect(kinds()).toEqual([["python", "run", "stop", "run"]]);
    say({ kind: "ended" });
    expect(heard).toEqual([{ kind: "ended" }]);
  });

  it("runs in a new frame where that one does not answer", () => {
    const heard = stopping();
    vi.advanceTimersByTime(200);
    expect(kinds()).toEqual([["python", "run", "stop"], ["python"]]);
    say({ kind: "ready" });
    expect(kinds()[1]).toEqual(["python", "run"]);
    say({ kind: "begun" });
    expect(heard).toEqual([{ kind: "ready" }, { kind: "begun" }]);
  });
});
