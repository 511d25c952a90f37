import { beforeEach, describe, expect, it } from "vitest";
import { forget, keep, kept, keptKeys } from "../wire/kept";
import { EMPTY, withFiles } from "./project";
import {
  asideIn,
  bringBack,
  forgetIn,
  keepUnsaid,
  NOTHING_READ,
  NOTHING_UNSAID,
  putAside,
  remember,
  rememberedIn,
  rememberedProject,
  rememberedTask,
  rememberProject,
  rememberTask,
  unsaidIn,
} from "./remembered";

const ROOM = 123456;
const anna = { id: 7, name: "Anna", token: "a", read: { messages: 3, notices: 2 } };
const boris = { id: 8, name: "Boris", token: "b", read: NOTHING_READ };
const annas = withFiles(EMPTY, [{ filename: "anna.py", content: "a = 1" }]);

beforeEach(() => keptKeys("").forEach(forget));

describe("several students at one computer", () => {
  it("have a place each, of which one is that of the browser", () => {
    remember(ROOM, anna);
    putAside(ROOM, anna, annas);
    expect(rememberedIn(ROOM)).toBeUndefined();
    expect(rememberedProject(ROOM)).toBeUndefined();
    putAside(ROOM, boris, EMPTY);
    expect(asideIn(ROOM)).toEqual([anna, boris]);
    expect(asideIn(ROOM + 1)).toEqual([]);
    expect(bringBack(ROOM, anna.id)).toEqual(anna);
    expect(rememberedIn(ROOM)).toEqual(anna);
    expect(rememberedProject(ROOM)).toEqual(annas);
    expect(asideIn(ROOM)).toEqual([boris]);
  });

  it("come back from nothing that was kept badly", () => {
    keep(`aside/${ROOM}/9`, { who: { id: 9 }, project: 1 });
    expect(asideIn(ROOM)).toEqual([]);
    expect(bringBack(ROOM, 9)).toBeUndefined();
  });
});

describe("who steps aside", () => {
  it("keeps what is being written, who leaves for good does not", () => {
    const draft = `draft/student/${ROOM}/${anna.id}`;
    remember(ROOM, anna);
    rememberTask(ROOM, anna.id, "2");
    rememberProject(ROOM, annas);
    keep(draft, "half a tho");
    putAside(ROOM, anna, annas);
    bringBack(ROOM, anna.id);
    expect(kept(draft, String)).toBe("half a tho");
    expect(rememberedTask(ROOM, anna.id)).toBe("2");
    forgetIn(ROOM);
    expect(kept(draft, String)).toBeUndefined();
    expect(rememberedTask(ROOM, anna.id)).toBeUndefined();
    expect(rememberedProject(ROOM)).toEqual(annas);
  });
});

describe("what the server does not know yet", () => {
  it("is kept until it does", () => {
    const call = { task: "1", note: "IndexError", isPaused: true };
    keepUnsaid(ROOM, anna.id, { statuses: { a: "DONE" }, named: { 2: "DONE" }, call });
    expect(unsaidIn(ROOM, anna.id)).toEqual({
      statuses: { a: "DONE" },
      named: { 2: "DONE" },
      call,
    });
    keepUnsaid(ROOM, anna.id, { ...NOTHING_UNSAID, call: null });
    expect(unsaidIn(ROOM, anna.id)).toEqual({ ...NOTHING_UNSAID, call: null });
    keepUnsaid(ROOM, anna.id, NOTHING_UNSAID);
    expect(kept(`unsaid/${ROOM}/${anna.id}`, String)).toBeUndefined();
  });

  it("is read as an older page has kept it: by the places of tasks", () => {
    const key = `unsaid/${ROOM}/${anna.id}`;
    keep(key, { statuses: { 1: "DONE", 2: "HELP" }, isCalling: true });
    expect(unsaidIn(ROOM, anna.id)).toEqual({
      statuses: {},
      named: { 1: "DONE", 2: "HELP" },
      call: { task: undefined, note: "", isPaused: false },
    });
    keep(key, { statuses: {}, isCalling: false });
    expect(unsaidIn(ROOM, anna.id).call).toBeNull();
  });

  it("is who the student was, as an older page has kept it", () => {
    keep(`student/${ROOM}`, { id: 7, name: "Anna", token: "a", readUpTo: 3 });
    expect(rememberedIn(ROOM)?.read).toEqual({ messages: 3, notices: 0 });
  });
});
