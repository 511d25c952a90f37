import { beforeEach, describe, expect, it } from "vitest";
import { forget, keep, kept, keptKeys } from "../wire/kept";
import { EMPTY, withFiles } from "./project";
import {
  asideIn,
  bringBack,
  forgetIn,
  putAside,
  remember,
  rememberedIn,
  rememberedProject,
  rememberedStep,
  rememberProject,
  rememberStep,
} from "./remembered";

const ROOM = 123456;
const anna = { id: 7, name: "Anna", token: "a", readUpTo: 3 };
const boris = { id: 8, name: "Boris", token: "b", readUpTo: 0 };
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
    rememberStep(ROOM, anna.id, "2");
    rememberProject(ROOM, annas);
    keep(draft, "half a tho");
    putAside(ROOM, anna, annas);
    bringBack(ROOM, anna.id);
    expect(kept(draft, String)).toBe("half a tho");
    expect(rememberedStep(ROOM, anna.id)).toBe("2");
    forgetIn(ROOM);
    expect(kept(draft, String)).toBeUndefined();
    expect(rememberedStep(ROOM, anna.id)).toBeUndefined();
    expect(rememberedProject(ROOM)).toEqual(annas);
  });
});
