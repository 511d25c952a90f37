import { describe, expect, it } from "vitest";
import type { CurrentMessage, File, RoomUpdate, Step, User } from "../wire/generated";
import { columnsOf, marksOf, OUTSIDE, reduce, type Classroom, type Happening } from "./classroom";
import {
  isOnline,
  isWatched,
  presenceOf,
  NO_MARKS,
  percentOf,
  type Marks,
  type Student,
} from "./student";
import { NOTHING_IGNORED, parseIgnores } from "./ignores";

const ROOM = 123456;
const HOST = 1;

function user(id: number, steps: User["steps"] = {}, sid = `s${id}`): User {
  return { id, sid, room: ROOM, name: `Student ${id}`, role: "client", steps };
}

function update(users: User[], offline: User[] = []): RoomUpdate {
  const host: User = { ...user(HOST), name: "Teacher", role: "host" };
  return { id: ROOM, host: HOST, users: [host, ...users], offline };
}

function message(id: number, sender: number, receiver: number): CurrentMessage {
  const at = new Date(id * 1_000).toISOString();
  return { id, sender, receiver, content: `text ${id}`, status: null, created_at: "", at };
}

const file = (filename: string, content: string): File => ({
  filename,
  status: "CHANGED",
  content,
});
const entering = (marks: Marks = NO_MARKS): Happening => ({
  type: "entering",
  room: ROOM,
  host: HOST,
  marks,
  ignores: NOTHING_IGNORED,
});
const listed = (users: User[], offline: User[] = [], at = 0): Happening => ({
  type: "update",
  update: update(users, offline),
  at,
});
const play = (...events: Happening[]): Classroom => events.reduce(reduce, OUTSIDE);
const student = (state: Classroom, id: number): Student => {
  const found = state.students.get(id);
  if (found === undefined) {
    throw new Error(`nobody is ${id}`);
  }
  return found;
};

describe("a class", () => {
  it("shows students in the order of joining, also those who are away", () => {
    const state = play(entering(), listed([user(2), user(3)]), listed([user(3)], [user(2)]));
    expect([...state.students.keys()]).toEqual([2, 3]);
    expect(isOnline(student(state, 2))).toBe(false);
    expect(isOnline(student(state, 3))).toBe(true);
  });

  it("keeps that order in this browser when the page is loaded anew", () => {
    const before = play(entering(), listed([user(2), user(3), user(4)]));
    const after = play(entering(marksOf(before)), listed([user(3), user(4), user(5)], [user(2)]));
    expect([...after.students.keys()]).toEqual([2, 3, 4, 5]);
  });

  it("has the same students open when the page is loaded anew, but for those who have gone", () => {
    const open = (user: number): Happening => ({ type: "opened", user, isBeside: true });
    const before = play(entering(), listed([user(2), user(3), user(4)]), open(3), open(2), open(4));
    const after = play(entering(marksOf(before)), listed([user(2), user(3)]));
    expect(after.open).toEqual([3, 2]);
    const shut = reduce(after, { type: "shut", user: 3 });
    expect(reduce(shut, listed([user(2), user(3)])).open).toEqual([2]);
  });

  it("is locked, and shows its results, as its teacher has set it", () => {
    const rules = { has_results_page: false };
    const set = { ...update([]), door: "locked" as const, rules };
    const state = play(entering(), { type: "update", update: set, at: 0 });
    expect(state).toMatchObject({ isLocked: true, hasResultsPage: false });
    expect(play(entering(), listed([]))).toMatchObject({ isLocked: false, hasResultsPage: true });
  });

  it("forgets who has left for good, with their panel", () => {
    const opened: Happening = { type: "opened", user: 2, isBeside: false };
    const state = play(entering(), listed([user(2), user(3)]), opened, listed([user(3)]));
    expect(state.students.has(2)).toBe(false);
    expect(state.open).toEqual([]);
  });

  it("replaces only the students whose events came", () => {
    const before = play(entering(), listed([user(2), user(3)]));
    const after = reduce(before, { type: "files", user: 2, files: [file("a.py", "x")], at: 1 });
    expect(student(after, 2)).not.toBe(student(before, 2));
    expect(student(after, 3)).toBe(student(before, 3));
  });

  it("stays the same value if a list says what was known", () => {
    const before = play(entering(), listed([user(2, { 1: "DONE" })]));
    const after = reduce(before, listed([user(2, { 1: "DONE" })]));
    expect(after.students).toBe(before.students);
  });

  it("ignores what comes from nobody", () => {
    const before = play(entering(), listed([]));
    expect(reduce(before, { type: "files", user: 9, files: [], at: 1 })).toBe(before);
  });
});

describe("the signs of a student", () => {
  const cut: Happening = { type: "cut" };
  const watched: Happening = { type: "watched", user: 2, sid: "s2" };

  it.each([
    ["online", play(entering(), listed([user(2)]))],
    ["offline", play(entering(), listed([], [user(2)]))],
    ["unknown", play(entering(), listed([user(2)]), cut)],
    ["unknown", play(entering(), listed([user(2)]), cut, entering())],
    ["online", play(entering(), listed([user(2)]), cut, entering(), listed([user(2)]))],
  ])("say %s", (presence, state) => {
    expect(presenceOf(student(state, 2), state.isConnected)).toBe(presence);
  });

  it("say that nobody is watched after the connection was lost, until asked for anew", () => {
    const state = play(entering(), listed([user(2)]), watched, cut, entering(), listed([user(2)]));
    expect(isWatched(student(state, 2))).toBe(false);
  });

  it("count a call without a task as help, until it is over", () => {
    const call = (isCalling: boolean, at: number): Happening => ({
      type: "signal",
      user: 2,
      isCalling,
      at,
    });
    const called = play(entering(), listed([user(2)]), call(true, 5), call(true, 9));
    expect(student(called, 2).helpSince).toBe(5);
    expect(student(reduce(called, call(false, 9)), 2).helpSince).toBeUndefined();
  });

  it("keep both kinds of help apart", () => {
    const both = listed([{ ...user(2, { 1: "HELP" }), signal: "HELP" }], [], 3);
    const state = play(entering(), both, listed([user(2, { 1: "HELP" })], [], 8));
    expect(student(state, 2).helpSince).toBe(3);
    expect(student(reduce(state, listed([user(2)], [], 9)), 2).helpSince).toBeUndefined();
  });
});

describe("what is left out", () => {
  it("of a student's files is theirs, and of an import the tasks page's", () => {
    const files = [{ filename: "big.csv", why: "too_large" as const, size: 9, limit: 7 }];
    const state = play(
      entering(),
      listed([user(2)]),
      { type: "import incomplete", leftOut: { picture: 2 } },
      { type: "unsent", user: 2, files },
    );
    expect(state.leftOut).toEqual({ picture: 2 });
    expect(student(state, 2).project.leftOut).toBe(files);
  });
});

describe("events replayed", () => {
  const events: Happening[] = [
    entering(),
    listed([user(2), user(3)]),
    { type: "tree", user: 2, files: [file("main.py", "a"), file("b.py", "b")], at: 1 },
    { type: "message", message: message(10, 2, HOST), at: 2 },
    { type: "statuses", user: 2, steps: { 1: "HELP" }, at: 3 },
    { type: "message", message: message(11, 2, HOST), at: 4 },
    { type: "read", user: 2 },
    { type: "history", user: 2, messages: [message(10, 2, HOST), message(11, 2, HOST)] },
    { type: "message", message: message(12, 2, HOST), at: 5 },
    { type: "files", user: 2, files: [file("main.py", "a2")], at: 6 },
  ];
  const lived = play(...events);
  const history = [10, 11, 12].map((id) => message(id, 2, HOST));

  it("are what somebody sees who enters anew", () => {
    const fresh = play(
      entering(marksOf(lived)),
      listed([user(2, { 1: "HELP" }), user(3)], [], 7),
      { type: "history", user: 2, messages: history },
      { type: "tree", user: 2, files: [file("main.py", "a2"), file("b.py", "b")], at: 8 },
    );
    const shown = (state: Classroom) =>
      [...state.students.values()].map(({ project, watchedSid: _, ...rest }) => ({
        ...rest,
        files: [...project.files].map(([name, entry]) => [name, entry.content]),
      }));
    expect(shown(fresh)).toEqual(shown(lived));
    expect(student(fresh, 2).unread).toBe(1);
  });

  it("show nothing twice after a lost connection", () => {
    const back = [
      entering(),
      listed([user(2, { 1: "HELP" }), user(3)], [], 9),
      { type: "history", user: 2, messages: history },
      { type: "message", message: message(12, 2, HOST), at: 9 },
    ] satisfies Happening[];
    const state = back.reduce(reduce, lived);
    expect(student(state, 2).talk.map(({ id }) => id)).toEqual([10, 11, 12]);
    expect(student(state, 2).unread).toBe(1);
    expect(student(state, 2).helpSince).toBe(3);
    expect(student(state, 2).project).toBe(student(lived, 2).project);
  });
});

describe("messages", () => {
  it("count as unread until the conversation is seen, and the teacher's own never", () => {
    const state = play(
      entering(),
      listed([user(2)]),
      { type: "message", message: message(5, 2, HOST), at: 1 },
      { type: "history", user: 2, messages: [message(5, 2, HOST), message(6, HOST, 2)] },
    );
    expect(student(state, 2).unread).toBe(1);
    const read = reduce(state, { type: "read", user: 2 });
    expect(student(read, 2).unread).toBe(0);
    expect(reduce(read, { type: "read", user: 2 })).toBe(read);
  });

  it("that arrive in another order are put in theirs", () => {
    const state = play(
      entering(),
      listed([user(2)]),
      { type: "message", message: message(7, 2, HOST), at: 1 },
      { type: "message", message: message(5, 2, HOST), at: 1 },
    );
    expect(student(state, 2).talk.map(({ id }) => id)).toEqual([5, 7]);
  });
});

describe("watching", () => {
  const watched: Happening = { type: "watched", user: 2, sid: "s2" };

  it("is of a connection: whoever comes back is not watched yet", () => {
    const state = play(entering(), listed([user(2)]), watched);
    expect(isWatched(student(state, 2))).toBe(true);
    const away = reduce(state, listed([], [user(2)]));
    expect(isWatched(student(away, 2))).toBe(false);
    expect(isWatched(student(reduce(away, listed([user(2, {}, "new")])), 2))).toBe(false);
  });

  it("has ended for all when the teacher enters anew", () => {
    const state = [entering(), listed([user(2)])].reduce(
      reduce,
      play(entering(), listed([user(2)]), watched),
    );
    expect(isWatched(student(state, 2))).toBe(false);
  });
});

describe("waiting for help", () => {
  it("begins with the status and ends with it", () => {
    const asked = play(entering(), listed([user(2)]), {
      type: "statuses",
      user: 2,
      steps: { 1: "HELP" },
      at: 50,
    });
    expect(student(asked, 2).helpSince).toBe(50);
    const again = reduce(asked, {
      type: "statuses",
      user: 2,
      steps: { 1: "HELP", 2: "HELP" },
      at: 60,
    });
    expect(student(again, 2).helpSince).toBe(50);
    const reviewed = reduce(again, {
      type: "reviewed",
      user: 2,
      steps: { 1: "ACCEPTED", 2: "NONE" },
    });
    expect(student(reviewed, 2).helpSince).toBeUndefined();
  });
});

describe("a review", () => {
  it("changes only steps that the student has", () => {
    const state = play(entering(), listed([user(2, { 1: "DONE" })]), {
      type: "reviewed",
      user: 2,
      steps: { 1: "ACCEPTED", 2: "ACCEPTED" },
    });
    expect(student(state, 2).steps).toEqual({ 1: "ACCEPTED" });
  });
});

describe("tasks", () => {
  const steps: Step[] = ["2", "theory", "10"].map((name) => ({
    name,
    content: "<p>x</p>",
    language: "html",
    type: name === "theory" ? "theory" : "exercise",
  }));
  const loaded: Happening = { type: "tasks loaded", steps };

  it("of the class come on entering, those of an import go into the editor only", () => {
    const entered = play(entering(), loaded, listed([]));
    expect(entered.tasks.map(({ name }) => name)).toEqual(["theory", "2", "10"]);
    expect(entered.loaded).toBe(steps);
    const imported = reduce(entered, { type: "tasks loaded", steps: steps.slice(0, 1) });
    expect(imported).toMatchObject({ tasks: entered.tasks, loaded: steps });
    expect(imported.imported).toHaveLength(1);
    expect(reduce(imported, { type: "import taken" }).imported).toBeUndefined();
  });

  it("that were sent are what the class has from then on", () => {
    const sent = steps.slice(0, 1);
    const state = reduce(play(entering(), loaded, listed([])), { type: "tasks sent", steps: sent });
    expect(state.loaded).toBe(sent);
  });

  it("do not go into the editor again after a lost connection", () => {
    const entered = play(entering(), loaded, listed([]));
    const again = [entering(), { ...loaded, steps: [...steps] }].reduce(reduce, entered);
    expect(again.loaded).toBe(steps);
  });

  it("are the columns, with what students have besides, and without the theory", () => {
    const state = play(entering(), loaded, listed([user(2, { 1: "DONE", theory: "DONE" })]));
    expect(columnsOf(state)).toEqual(["1", "2", "10"]);
    expect(percentOf(columnsOf(state), state.students.values())).toBe(33);
  });

  it("that are none are nothing of nothing", () => {
    expect(percentOf([], [])).toBe(0);
  });

  it("say what an import had to leave out, until the next one or until they are sent", () => {
    const told: Happening = { type: "import incomplete", leftOut: { picture: 2 } };
    const state = play(entering(), { type: "importing", isImporting: true }, told);
    expect(reduce(state, { type: "importing", isImporting: false }).leftOut).toEqual({
      picture: 2,
    });
    expect(reduce(state, { type: "importing", isImporting: true }).leftOut).toEqual({});
    expect(reduce(state, { type: "tasks sent", steps: [] }).leftOut).toEqual({});
  });
});

describe("panels", () => {
  const open = (id: number, isBeside = false): Happening => ({
    type: "opened",
    user: id,
    isBeside,
  });
  const state = play(entering(), listed([user(2), user(3), user(4)]), open(2));

  it("replace the last one, or stand beside it", () => {
    expect(reduce(state, open(3)).open).toEqual([3]);
    expect(reduce(state, open(3, true)).open).toEqual([2, 3]);
    expect([open(3, true), open(4)].reduce(reduce, state).open).toEqual([2, 4]);
    expect(reduce(state, open(2))).toBe(state);
  });
});

describe("files to ignore", () => {
  it("do not become what the board shows", () => {
    const state = play(
      entering(),
      listed([user(2)]),
      { type: "ignoring", ignores: parseIgnores("*.log") },
      { type: "tree", user: 2, files: [file("a.py", "1")], at: 1 },
      { type: "files", user: 2, files: [file("debug.log", "1")], at: 2 },
    );
    expect(student(state, 2).project.latest).toBe("a.py");
  });
});

describe("activity", () => {
  it("is what a student does, and not that the teacher looks", () => {
    const known = { ...NO_MARKS, order: [2], active: { 2: 5 } };
    const entered = play(entering(known), listed([user(2)], [], 100), {
      type: "tree",
      user: 2,
      files: [file("a.py", "1")],
      at: 101,
    });
    expect(student(entered, 2).activeAt).toBe(5);
    const same = reduce(entered, { type: "files", user: 2, files: [file("a.py", "1")], at: 102 });
    expect(same).toBe(entered);
    const edited = reduce(entered, { type: "files", user: 2, files: [file("a.py", "2")], at: 103 });
    expect(student(edited, 2).activeAt).toBe(103);
  });
});
