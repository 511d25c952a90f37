import { describe, expect, it } from "vitest";
import type { Scene } from "../class/scenes";
import { marksOf, OUTSIDE, reduce, type Classroom, type Happening } from "./classroom";
import { columnsOf, steadyColumns } from "./columns";
import { NOTHING_IGNORED, parseIgnores } from "./ignores";
import { happened } from "./replay";
import {
  isOnline,
  isWatched,
  NO_MARKS,
  percentOf,
  presenceOf,
  type Marks,
  type Student,
} from "./student";

const HOST = 1;
const ANNA = 2;
const BORIS = 3;
const DORA = 4;

const entering = (marks: Marks = NO_MARKS): Happening => ({
  type: "entering",
  room: 123456,
  host: HOST,
  marks,
  ignores: NOTHING_IGNORED,
});
const after = (state: Classroom, ...events: Happening[]) => events.reduce(reduce, state);
const play = (...events: Happening[]): Classroom => after(OUTSIDE, ...events);
/** At the time 0, where it does not matter. */
const now = (...scenes: Scene[]) => happened(0, ...scenes);
const student = (state: Classroom, id: number): Student => {
  const found = state.students.get(id);
  if (found === undefined) {
    throw new Error(`nobody is ${id}`);
  }
  return found;
};
const opened = (user: number, isBeside = false): Happening => ({ type: "opened", user, isBeside });
const cut: Happening = { type: "cut" };

/** Anna and Boris are there. */
const both = [...now("the class begins", "Anna joins", "Boris joins and is watched")];
const lesson = () => play(entering(), ...both);
const back = now("the teacher is back");
const watched: Happening = { type: "watched", user: ANNA, sid: "sid-2" };

describe("a class", () => {
  it("shows students in the order of joining, also those who are away", () => {
    const state = after(lesson(), ...back, ...now("Anna is lost"));
    expect([...state.students.keys()]).toEqual([ANNA, BORIS, DORA]);
    expect([ANNA, BORIS].map((id) => isOnline(student(state, id)))).toEqual([false, true]);
  });

  it("keeps that order in this browser when the page is loaded anew", () => {
    const known = after(lesson(), ...back);
    // The server lists those who are away last.
    const state = play(entering(marksOf(known)), ...now("Anna is lost"));
    expect([...state.students.keys()]).toEqual([ANNA, BORIS, DORA]);
  });

  it("has the same students open when the page is loaded anew, but for those who have gone", () => {
    const before = after(
      lesson(),
      ...back,
      opened(BORIS, true),
      opened(ANNA, true),
      opened(DORA, true),
    );
    const state = play(entering(marksOf(before)), ...now("Boris leaves for good"));
    expect(state.open).toEqual([ANNA, DORA]);
    const shut = reduce(state, { type: "shut", user: ANNA });
    expect(after(shut, ...now("Boris leaves for good")).open).toEqual([DORA]);
  });

  it("is locked, and shows its results, as its teacher has set it", () => {
    const state = after(lesson(), ...now("the teacher locks the door and the results"));
    expect(state).toMatchObject({ isLocked: true, rules: { has_results_page: false } });
    const open = after(state, ...now("the teacher opens both"));
    const rules = { has_results_page: true, is_recorded: true, auto_done: false };
    expect(open).toMatchObject({ isLocked: false, rules });
  });

  it("forgets who has left for good, with their panel", () => {
    const state = after(lesson(), opened(BORIS), ...now("Boris leaves for good"));
    expect(state.students.has(BORIS)).toBe(false);
    expect(state.open).toEqual([]);
  });

  it("replaces only the students whose events came", () => {
    const before = lesson();
    const state = after(before, ...now("Anna types"));
    expect(student(state, ANNA)).not.toBe(student(before, ANNA));
    expect(student(state, BORIS)).toBe(student(before, BORIS));
  });

  it("stays the same value if a list says what was known", () => {
    const before = after(lesson(), ...back);
    expect(after(before, ...back.filter(({ type }) => type === "update")).students).toBe(
      before.students,
    );
  });

  it("ignores what comes from nobody", () => {
    const before = play(entering(), ...now("the class begins"));
    expect(after(before, ...now("Anna types"))).toBe(before);
  });
});

describe("the signs of a student", () => {
  const lost = () => after(lesson(), ...back, ...now("Anna is lost"));

  it.each([
    ["online", lesson()],
    ["offline", lost()],
    ["unknown", after(lesson(), cut)],
    ["unknown", after(lesson(), cut, entering())],
    ["online", after(lesson(), cut, entering(), ...back)],
  ])("say %s", (presence, state) => {
    expect(presenceOf(student(state, ANNA), state.isConnected)).toBe(presence);
  });

  it("say that nobody is watched after the connection was lost, until asked for anew", () => {
    const state = after(lesson(), watched, cut, entering(), ...back);
    expect(isWatched(student(state, ANNA))).toBe(false);
  });

  it("count a call without a task as help, until it is over", () => {
    const calls = (at: number) => happened(at, "Anna calls for help");
    const called = after(lesson(), ...calls(5), ...calls(9));
    expect(student(called, ANNA).call).toMatchObject({ since: 5, task: undefined });
    const helped = after(called, ...now("Anna needs no help"));
    expect(student(helped, ANNA).call).toBeUndefined();
  });
});

describe("what is left out", () => {
  it("of a student's files is theirs, and of an import the tasks page's", () => {
    const state = after(
      lesson(),
      { type: "import incomplete", leftOut: { picture: 2 } },
      ...now("Anna has a file that is too large"),
    );
    expect(state.leftOut).toEqual({ picture: 2 });
    const left = student(state, ANNA).project.leftOut;
    expect(left.map(({ filename, why }) => [filename, why])).toEqual([["data.csv", "too_large"]]);
  });
});

describe("events replayed", () => {
  const lived = after(
    lesson(),
    ...happened(1, "the teacher watches Anna"),
    ...happened(2, "tasks are handed out", "Anna types"),
    ...happened(3, "Anna says one"),
    { type: "read", user: ANNA },
    ...happened(4, "Anna says two", "both ask for what was said"),
  );
  const missed = ["the teacher is back", "the teacher reads what was missed"] as const;
  const news = happened(9, ...missed, "the teacher watches again");

  it("are what somebody sees who enters anew", () => {
    const fresh = play(entering(marksOf(lived)), ...news);
    const shown = (state: Classroom) => {
      const { talk, unread, activeAt, name, project } = student(state, ANNA);
      const files = [...project.files].map(([filename, { content }]) => [filename, content]);
      return { talk: talk.map(({ id }) => id), unread, activeAt, name, files };
    };
    expect(shown(fresh)).toEqual(shown(lived));
    expect(student(fresh, ANNA).unread).toBe(1);
  });

  it("show nothing twice after a lost connection", () => {
    const known = after(lived, ...happened(5, "Anna needs help with the first task"));
    const state = after(known, cut, entering(), ...news);
    const { talk, unread, call, project } = student(state, ANNA);
    expect(talk.map(({ content }) => content)).toEqual(["one", "two", "two"]);
    expect([unread, call?.since]).toEqual([1, 5]);
    expect([...project.files]).toEqual([...student(lived, ANNA).project.files]);
  });
});

describe("messages", () => {
  const spoken = after(lesson(), ...now("Anna says one", "both ask for what was said"));

  it("count as unread until the conversation is seen, and the teacher's own never", () => {
    expect(student(spoken, ANNA).unread).toBe(2);
    const read = reduce(spoken, { type: "read", user: ANNA });
    expect(student(read, ANNA).unread).toBe(0);
    expect(reduce(read, { type: "read", user: ANNA })).toBe(read);
  });

  it("that arrive in another order are put in theirs", () => {
    const state = after(lesson(), ...now("Anna says two", "Anna says one"));
    expect(student(state, ANNA).talk.map(({ content }) => content)).toEqual(["one", "two"]);
  });
});

describe("watching", () => {
  it("is of a connection: whoever comes back is not watched yet", () => {
    const state = after(lesson(), watched);
    expect(isWatched(student(state, ANNA))).toBe(true);
    const away = after(state, ...now("Anna is lost"));
    expect(isWatched(student(away, ANNA))).toBe(false);
    expect(isWatched(student(after(away, ...now("Anna is back")), ANNA))).toBe(false);
  });

  it("has ended for all when the teacher enters anew", () => {
    const state = after(lesson(), watched, entering(), ...back);
    expect(isWatched(student(state, ANNA))).toBe(false);
  });
});

describe("a review", () => {
  it("changes what it speaks of, and is what the student has then", () => {
    const state = after(lesson(), ...now("Anna has done both"), {
      type: "reviewed",
      user: ANNA,
      steps: { 1: "ACCEPTED", 10: "ACCEPTED" },
    });
    expect(student(state, ANNA).steps).toMatchObject({ 1: "ACCEPTED", 2: "DONE", 10: "ACCEPTED" });
  });
});

describe("the queue", () => {
  it("is the server's, in its order", () => {
    const state = after(lesson(), ...back);
    expect([...state.queue].map(([id, { task }]) => [id, task])).toEqual([
      [ANNA, "2"],
      [DORA, undefined],
    ]);
    expect(after(state, ...now("Anna has done both")).queue.size).toBe(0);
  });
});

describe("notices", () => {
  const notice = (id: number): Happening => ({
    type: "notice",
    notice: { id, sender: HOST, content: `${id}`, at: "2024-05-17T09:00:00.000Z" },
  });

  it("are the last twenty, in order, each once", () => {
    const state = after(lesson(), notice(2), notice(1), notice(2));
    expect(state.notices.map(({ id }) => id)).toEqual([1, 2]);
    const many = Array.from({ length: 30 }, (_, id) => notice(id));
    expect(after(state, ...many).notices.map(({ id }) => id)[0]).toBe(10);
  });
});

describe("tasks", () => {
  const entered = play(entering(), ...back);
  const imported = now("tasks are imported, but for two pictures");

  it("of the class come on entering, those of an import go into the editor only", () => {
    const { handout } = entered;
    expect(handout.tasks.map(({ id }) => id)).toEqual(["10", "2", "1", "theory"]);
    const state = after(entered, ...imported);
    expect(state).toMatchObject({ handout, imported: { isNew: true }, isImporting: false });
    expect(reduce(state, { type: "import taken" }).imported).toBeUndefined();
  });

  it("that were imported before are told again to whoever comes back, as no news", () => {
    const state = after(
      entered,
      cut,
      entering(),
      ...now("the teacher comes in from another window"),
    );
    expect(state.imported).toMatchObject({ isNew: false });
  });

  it("that were set are what the class has from then on", () => {
    const tasks = entered.handout.tasks.slice(0, 1);
    const state = reduce(entered, { type: "tasks set", rev: 7, tasks });
    expect(state.handout).toEqual({ rev: 7, tasks, revealed: [] });
  });

  it("whose solution was shown are known, each once", () => {
    const shown: Happening = { type: "revealed", task: "1" };
    expect(after(entered, shown, shown).handout.revealed).toEqual(["1"]);
  });

  it("are the columns, under what they are called, without the theory", () => {
    const columns = columnsOf(entered);
    expect(columns.map(({ id, sign }) => [id, sign])).toEqual([
      ["10", "1"],
      ["2", "2"],
      ["1", "3"],
    ]);
    const done = after(entered, ...now("Anna has done both"));
    expect(percentOf(columns, [student(done, ANNA)])).toBe(66);
  });

  it("that nobody handed out are columns as students name them", () => {
    const state = after(lesson(), ...now("Anna has done both"));
    expect(columnsOf(state).map(({ id }) => id)).toEqual(["1", "2"]);
  });

  it("are the same columns as long as nothing of them is another", () => {
    const steady = steadyColumns();
    const columns = steady(entered);
    expect(steady(after(entered, entering(), ...back))).toBe(columns);
    const fewer = reduce(entered, { type: "tasks set", rev: 9, tasks: [] });
    expect(steady(fewer)).not.toBe(columns);
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
    expect(reduce(state, { type: "tasks set", rev: 1, tasks: [] }).leftOut).toEqual({});
  });
});

describe("panels", () => {
  const state = after(lesson(), ...back, opened(ANNA));

  it("replace the last one, or stand beside it", () => {
    expect(reduce(state, opened(BORIS)).open).toEqual([BORIS]);
    expect(reduce(state, opened(BORIS, true)).open).toEqual([ANNA, BORIS]);
    expect(after(state, opened(BORIS, true), opened(DORA)).open).toEqual([ANNA, DORA]);
    expect(reduce(state, opened(ANNA))).toBe(state);
  });
});

describe("files to ignore", () => {
  it("do not become what the board shows", () => {
    const state = after(
      lesson(),
      { type: "ignoring", ignores: parseIgnores("*.log") },
      ...now("the teacher watches Anna", "Anna makes a log"),
    );
    expect(student(state, ANNA).project.latest).toBe("main.py");
  });
});

describe("activity", () => {
  it("is what a student does, and not that the teacher looks", () => {
    const known = { ...NO_MARKS, order: [ANNA], active: { [ANNA]: 5 } };
    const looked = happened(100, "Anna joins", "the teacher watches Anna");
    const entered = play(entering(known), ...looked);
    expect(student(entered, ANNA).activeAt).toBe(5);
    const edited = after(entered, ...happened(103, "Anna types"));
    expect(student(edited, ANNA).activeAt).toBe(103);
    expect(after(edited, ...happened(104, "Anna types"))).toBe(edited);
  });
});
