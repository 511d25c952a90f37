// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { moment, Network, untilTriedAgain } from "../class/network";
import { Lesson } from "./lesson";
import { keptKey, ticketOf } from "./remembered";
import { isWatched, presenceOf, type Student } from "./student";

const ANNA = 2;
const BORIS = 3;
const DORA = 4;

let network: Network;
let lesson: Lesson;

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  location.hash = "";
  network = new Network("teacher");
  lesson = new Lesson();
});

afterEach(() => {
  lesson.leave();
  vi.useRealTimers();
  expect(network.unexpected).toEqual([]);
});

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function begin(): Promise<void> {
  const begun = network.play("the class begins");
  void lesson.create("Ms Ivanova");
  await begun;
}

/** Anna and Boris are in the class, and watched. */
async function teach(): Promise<void> {
  await begin();
  await network.play("Anna joins", "the teacher watches Anna", "Boris joins and is watched");
}

/** The connection is lost, and comes back over another one. */
async function comeBack(): Promise<void> {
  const scenes = [
    "the teacher is back",
    "the teacher reads what was missed",
    "the teacher watches again",
  ] as const;
  network.isDown = false;
  const back = network.play(...scenes);
  lesson.retry();
  await back;
  await untilTriedAgain();
}

function of(id: number): Student {
  const student = lesson.state.students.get(id);
  if (student === undefined) {
    throw new Error(`nobody is ${id}`);
  }
  return student;
}

/** What the tile of a student says. */
function signs(id: number) {
  const { isConnected } = lesson.state;
  const student = of(id);
  return {
    presence: presenceOf(student, isConnected),
    isWatched: isConnected && isWatched(student),
    leftOut: student.project.leftOut.map(({ filename }) => filename),
    needsHelp: student.call !== undefined,
    unread: student.unread,
    waiting: lesson.replies.waitingFor(id).map(({ content }) => content),
  };
}

const WELL = {
  presence: "online",
  isWatched: true,
  leftOut: [] as string[],
  needsHelp: false,
  unread: 0,
  waiting: [] as string[],
};

describe("the signs on a teacher's page", () => {
  it("are those of a class in which all is well, and of what happens in it", async () => {
    await teach();
    expect([signs(ANNA), signs(BORIS)]).toEqual([WELL, WELL]);
    await network.play("Anna has a file that is too large", "Anna calls for help", "Anna says one");
    expect(signs(ANNA)).toEqual({
      ...WELL,
      leftOut: ["data.csv"],
      needsHelp: true,
      unread: 1,
    });
    lesson.read(ANNA);
    await network.play("Anna needs no help");
    expect(signs(ANNA)).toEqual({ ...WELL, leftOut: ["data.csv"] });
  });

  it("have what happened while the teacher was away, and whoever joined meanwhile", async () => {
    await teach();
    await network.cut();
    await comeBack();
    expect(signs(DORA)).toEqual({ ...WELL, needsHelp: true, unread: 1 });
    expect(signs(ANNA)).toMatchObject({ ...WELL, needsHelp: true, unread: 2 });
    expect(signs(BORIS)).toEqual(WELL);
  });

  it("say that nobody is watched who leaves, nor who comes back before being asked", async () => {
    await teach();
    await network.cut();
    await comeBack();
    await network.play("Anna is lost");
    expect(signs(ANNA)).toMatchObject({ presence: "offline", isWatched: false });
    const message = network.play("the teacher says three to Anna meanwhile, and accepts");
    lesson.replies.write(ANNA, "three");
    await message;
    expect(signs(ANNA).waiting).toEqual([]);
    void lesson.replies.accept(ANNA, "2");
    await moment();
    await network.play("Anna is back", "the teacher watches Anna who is back");
    expect(signs(ANNA)).toMatchObject({ presence: "online", isWatched: true });
  });

  it("say nothing of anybody without a server, and keep what is written meanwhile", async () => {
    await teach();
    await network.cut();
    expect(lesson.shown.link).toBe("lost");
    const unknown = { ...WELL, presence: "unknown", isWatched: false };
    expect([signs(ANNA), signs(BORIS)]).toEqual([unknown, unknown]);
    lesson.replies.write(ANNA, "two");
    await later(60_000);
    expect(signs(ANNA)).toEqual({ ...unknown, waiting: ["two"] });
    const said = network.play("the teacher is back", "the teacher says two to Anna");
    void network.play("the teacher reads what was missed", "the teacher watches again");
    network.isDown = false;
    lesson.retry();
    await said;
    await untilTriedAgain();
    expect(signs(ANNA)).toMatchObject({ presence: "online", isWatched: true, waiting: [] });
    const texts = of(ANNA).talk.map(({ content }) => content);
    expect(texts).toEqual(["one", "two", "two"]);
  });

  it("keep what the server cannot save now, and it goes later", async () => {
    await teach();
    await network.play("the server cannot save");
    lesson.replies.write(ANNA, "one");
    await moment();
    expect(lesson.replies.waitingFor(ANNA)).toMatchObject([{ content: "one", isRefused: false }]);
    await later(6_000);
    // Asked again under the same key.
    expect(network.unexpected.splice(0).map(([event]) => event)).toEqual(["message/to_client"]);
  });

  it.each([
    ["a sleep", () => document.dispatchEvent(new Event("visibilitychange")), 3_600_000],
    ["a freeze", () => document.dispatchEvent(new Event("resume")), 3_600_000],
    ["a change of networks", () => dispatchEvent(new Event("online")), 0],
  ])("of a path that died are out within five seconds after %s", async (_, wake, sleptMs) => {
    await teach();
    network.swallow();
    network.isDown = true;
    vi.setSystemTime(Date.now() + sleptMs);
    wake();
    await later(5_000);
    expect(signs(ANNA)).toEqual({ ...WELL, presence: "unknown", isWatched: false });
    await comeBack();
    expect(signs(ANNA)).toMatchObject({ presence: "online", isWatched: true });
  });

  it("are gone by themselves when the server's pings stay away", async () => {
    await teach();
    network.swallow();
    network.isDown = true;
    lesson.replies.write(ANNA, "two");
    await later(45_000);
    expect(signs(ANNA)).toMatchObject({ presence: "unknown", waiting: ["two"] });
  });

  it("are another window's when that takes the class over, and this one says so", async () => {
    await teach();
    await network.play("the teacher comes in from another window");
    expect(lesson.state).toMatchObject({ phase: "place_taken", isConnected: false });
  });
});

describe("the key of a teacher", () => {
  const KEY = "teacher-key".padEnd(43, "x");
  const TOKEN = "teacher-token".padEnd(43, "x");

  it("comes once, with the class, and stays in this browser", async () => {
    await begin();
    expect(keptKey()).toBe(KEY);
    expect(ticketOf(123456)).toMatchObject({ teacher: KEY, token: TOKEN });
  });

  it("leads from its address into the class, out of sight, and gets a token", async () => {
    location.hash = `#123456/${KEY}`;
    const entered = network.play("the teacher comes in with the key, from another browser");
    void lesson.begin();
    await entered;
    expect(location.hash).toBe("#123456");
    expect(lesson.state).toMatchObject({ phase: "inside", room: 123456 });
    expect(ticketOf(123456)).toMatchObject({ teacher: KEY, token: TOKEN, user: 1 });
    expect(keptKey()).toBe(KEY);
    await untilTriedAgain();
    network.unexpected.splice(0);
  });
});
