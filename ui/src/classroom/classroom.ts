/**
 * A class as its teacher sees it: a value, and what each event makes of it.
 *
 * A student is one value that is replaced when something about this student changes, and only then:
 * that is how the board knows which tiles to draw anew.
 */
import { asStatus, compareSteps, isFinished, type Status } from "../class/status";
import type { CurrentMessage, File, Ignores, RoomUpdate, Step, User } from "../wire/generated";
import { lookAt, NO_PROJECT, replaceTree, updateFiles, type Project } from "./files";
import { isIgnored, NOTHING_IGNORED } from "./ignores";
import { addMessage, joinMessages, unreadOf } from "./messages";
import { PersistentMap } from "./persistent";

export type Statuses = Readonly<Record<string, Status>>;

export interface Student {
  readonly id: number;
  readonly name: string;
  /** Counts up in the order of joining. */
  readonly place: number;
  /** The connection; empty while offline. */
  readonly sid: string;
  /** The connection that was asked to share its files. */
  readonly watchedSid: string;
  readonly steps: Statuses;
  /** Since when they wait for help, in milliseconds of this browser's clock. */
  readonly helpSince: number | undefined;
  /** When they did something last; undefined if that is not known. */
  readonly activeAt: number | undefined;
  readonly project: Project;
  readonly talk: readonly CurrentMessage[];
  /** The newest message that the teacher has seen. */
  readonly readId: number;
  readonly unread: number;
}

/**
 * `start`: no class. `entering`: asked to be let in (again). `inside`. `taken`: another window of the
 * teacher has the class. `gone`: the server knows no such class any more. `closed`: by the teacher.
 */
export type Phase = "start" | "entering" | "inside" | "taken" | "gone" | "closed";

export interface Classroom {
  readonly phase: Phase;
  /** Whether there is something to show: also while the connection is lost, and after. */
  readonly isFurnished: boolean;
  readonly room: number;
  /** The teacher's own id. */
  readonly host: number;
  readonly students: PersistentMap<number, Student>;
  /** What was handed out. */
  readonly tasks: readonly Step[];
  /** What is to be put into the editor. */
  readonly loaded: readonly Step[] | undefined;
  readonly isImporting: boolean;
  /** Whether newcomers are kept out. */
  readonly isLocked: boolean;
  /** Whether everybody who knows the number may see the results. */
  readonly hasResultsPage: boolean;
  readonly ignores: Ignores;
  /** Whether everybody is watched. */
  readonly isLive: boolean;
  /** Whose panels are open, in order. */
  readonly open: readonly number[];
  /** What this browser knew of the students before the page was loaded. */
  readonly marks: Marks;
}

/** What the server does not know, for a teacher who reloads. */
export interface Marks {
  /** Ids of students in the order of joining. */
  readonly order: readonly number[];
  readonly read: Readonly<Record<number, number>>;
  readonly help: Readonly<Record<number, number>>;
  readonly active: Readonly<Record<number, number>>;
}

export const NO_MARKS: Marks = { order: [], read: {}, help: {}, active: {} };

export const OUTSIDE: Classroom = {
  phase: "start",
  isFurnished: false,
  room: 0,
  host: 0,
  students: PersistentMap.of<number, Student>(),
  tasks: [],
  loaded: undefined,
  isImporting: false,
  isLocked: false,
  hasResultsPage: true,
  ignores: NOTHING_IGNORED,
  isLive: true,
  open: [],
  marks: NO_MARKS,
};

export type Happening =
  // The class
  | { type: "entering"; room: number; host: number; marks: Marks; ignores: Ignores }
  | { type: "update"; update: RoomUpdate; at: number }
  | { type: "phase"; phase: "taken" | "gone" | "closed" }
  | { type: "left" }
  | { type: "live"; isLive: boolean }
  | { type: "ignoring"; ignores: Ignores }
  // Tasks
  | { type: "tasks loaded"; steps: readonly Step[] }
  | { type: "tasks sent"; steps: readonly Step[] }
  | { type: "importing"; isImporting: boolean }
  // One student
  | { type: "statuses"; user: number; steps: Statuses; at: number }
  | { type: "reviewed"; user: number; steps: Statuses }
  | { type: "tree"; user: number; files: readonly File[]; at: number }
  | { type: "files"; user: number; files: readonly File[]; at: number }
  | { type: "message"; message: CurrentMessage; at: number }
  | { type: "history"; user: number; messages: readonly CurrentMessage[] }
  | { type: "read"; user: number }
  | { type: "looked"; user: number; filename: string }
  | { type: "opened"; user: number; isBeside: boolean }
  | { type: "shut"; user: number }
  | { type: "watched"; user: number; sid: string };

export function reduce(state: Classroom, event: Happening): Classroom {
  switch (event.type) {
    case "entering":
      return enter(state, event);
    case "update":
      return updateRoom(state, event.update, event.at);
    case "phase":
      return { ...state, phase: event.phase };
    case "left":
      return { ...OUTSIDE, isLive: state.isLive };
    case "live":
      return { ...state, isLive: event.isLive };
    case "ignoring":
      return { ...state, ignores: event.ignores };
    case "tasks loaded":
      return loadTasks(state, event.steps);
    case "tasks sent":
      return { ...state, tasks: usable(event.steps) };
    case "importing":
      return { ...state, isImporting: event.isImporting };
    case "opened":
      return openPanel(state, event.user, event.isBeside);
    case "shut":
      return { ...state, open: state.open.filter((user) => user !== event.user) };
    default:
      return changeStudent(state, whoseIs(event), (student) => concern(state, student, event));
  }
}

type OfStudent = Extract<
  Happening,
  { user: number; type: Exclude<Happening["type"], "opened" | "shut"> } | { type: "message" }
>;

function whoseIs(event: OfStudent): number {
  return event.type === "message" ? event.message.sender : event.user;
}

type Concern<T> = (
  student: Student,
  event: Extract<OfStudent, { type: T }>,
  isHidden: (filename: string) => boolean,
) => Student;

/** What an event that concerns one student makes of them: the same value if nothing is new. */
const CONCERNS: { [T in OfStudent["type"]]: Concern<T> } = {
  statuses: (student, event) => ({
    ...withSteps(student, event.steps, event.at),
    activeAt: event.at,
  }),
  reviewed: (student, event) => withSteps(student, reviewed(student.steps, event.steps), 0),
  tree: (student, event, isHidden) => {
    const project = replaceTree(student.project, event.files, isHidden);
    // The first tree is news for the teacher only: the student may have done nothing for long.
    const isNews = student.project.isWhole && differs(project, student.project);
    return { ...student, project, activeAt: isNews ? event.at : student.activeAt };
  },
  files: (student, event, isHidden) => {
    const project = updateFiles(student.project, event.files, isHidden);
    return project === student.project ? student : { ...student, project, activeAt: event.at };
  },
  message: (student, event) => {
    const talk = addMessage(student.talk, event.message);
    return talk === student.talk ? student : { ...withTalk(student, talk), activeAt: event.at };
  },
  history: (student, event) => {
    const talk = joinMessages(student.talk, event.messages);
    return talk === student.talk ? student : withTalk(student, talk);
  },
  read: (student) => markRead(student),
  looked: (student, event) => {
    const project = lookAt(student.project, event.filename);
    return project === student.project ? student : { ...student, project };
  },
  watched: (student, event) =>
    student.watchedSid === event.sid ? student : { ...student, watchedSid: event.sid },
};

function concern<T extends OfStudent["type"]>(
  state: Classroom,
  student: Student,
  event: Extract<OfStudent, { type: T }>,
): Student {
  const change: Concern<T> = CONCERNS[event.type];
  return change(student, event, (filename) => isIgnored(filename, state.ignores));
}

// The class

function enter(
  state: Classroom,
  event: { room: number; host: number; marks: Marks; ignores: Ignores },
): Classroom {
  if (state.room === event.room && event.room !== 0) {
    return { ...state, phase: "entering" };
  }
  const { room, host, marks, ignores } = event;
  return { ...OUTSIDE, phase: "entering", isLive: state.isLive, room, host, marks, ignores };
}

function updateRoom(state: Classroom, update: RoomUpdate, at: number): Classroom {
  // Whoever enters anew watches nobody: the server has ended it.
  const isNew = state.phase !== "inside";
  const online = update.users.filter((user) => user.role === "client");
  const offline = (update.offline ?? []).map((user) => ({ ...user, sid: "" }));
  const listed = inOrder([...online, ...offline], state);
  const entries = listed.map((user, index): [number, Student] => {
    const known = state.students.get(user.id);
    const student = known ? refresh(known, user, at) : meet(state.marks, user, index, at);
    return [user.id, settle(student, index, isNew)];
  });
  const isSame =
    entries.length === state.students.size &&
    entries.every(([id, student]) => state.students.get(id) === student);
  const students = isSame ? state.students : PersistentMap.of(entries);
  const open = state.open.filter((user) => students.has(user));
  const { id: room, host } = update;
  const isLocked = update.door === "locked";
  const hasResultsPage = update.rules?.has_results_page ?? true;
  const rules = { isLocked, hasResultsPage };
  return { ...state, phase: "inside", isFurnished: true, room, host, students, open, ...rules };
}

/** Who was known before comes first, as before; the others as the server lists them. */
function inOrder(users: readonly User[], state: Classroom): User[] {
  const order = state.students.size > 0 ? [...state.students.keys()] : state.marks.order;
  const places = new Map(order.map((id, place) => [id, place]));
  const placeOf = (user: User) => places.get(user.id) ?? Infinity;
  return users.toSorted((one, other) => {
    const [first, second] = [placeOf(one), placeOf(other)];
    return first === second ? 0 : first - second;
  });
}

function settle(student: Student, place: number, isNew: boolean): Student {
  const watchedSid = isNew ? "" : student.watchedSid;
  return student.place === place && student.watchedSid === watchedSid
    ? student
    : { ...student, place, watchedSid };
}

function meet(marks: Marks, user: User, place: number, at: number): Student {
  const isKnown = marks.order.includes(user.id);
  const student: Student = {
    id: user.id,
    name: user.name,
    place,
    sid: user.sid,
    watchedSid: "",
    steps: {},
    helpSince: undefined,
    // Somebody who was here before the page was loaded may have been idle for long.
    activeAt: isKnown || user.sid === "" ? marks.active[user.id] : at,
    project: NO_PROJECT,
    talk: [],
    readId: marks.read[user.id] ?? 0,
    unread: 0,
  };
  return withSteps(student, user.steps, marks.help[user.id] ?? at);
}

function refresh(known: Student, user: User, at: number): Student {
  const student = withSteps(known, user.steps, at);
  if (student.sid === user.sid && student.name === user.name) {
    return student;
  }
  const isReturning = known.sid === "" && user.sid !== "";
  const activeAt = isReturning ? at : student.activeAt;
  return { ...student, sid: user.sid, name: user.name, activeAt };
}

// Tasks

function loadTasks(state: Classroom, steps: readonly Step[]): Classroom {
  // Before the class is shown these are its own tasks; later they are what an import has found.
  if (state.phase === "inside") {
    return { ...state, loaded: steps, isImporting: false };
  }
  const tasks = usable(steps);
  const isKnown = JSON.stringify(tasks) === JSON.stringify(state.tasks);
  // After a lost connection the editor holds what the teacher has typed since.
  return isKnown ? state : { ...state, tasks, loaded: steps };
}

function usable(steps: readonly Step[]): readonly Step[] {
  return steps
    .filter((step) => step.content?.trim())
    .toSorted((one, other) => compareSteps(one.name, other.name));
}

// One student

function changeStudent(
  state: Classroom,
  id: number,
  change: (student: Student) => Student,
): Classroom {
  const before = state.students.get(id);
  if (before === undefined) {
    return state;
  }
  const students = state.students.with(id, change(before));
  return students === state.students ? state : { ...state, students };
}

function withSteps(student: Student, sent: Readonly<Record<string, unknown>>, at: number): Student {
  const names = Object.keys(sent);
  const isSame =
    names.length === Object.keys(student.steps).length &&
    names.every((name) => student.steps[name] === sent[name]);
  if (isSame) {
    return student;
  }
  const steps = Object.fromEntries(names.map((name) => [name, asStatus(sent[name])]));
  const helpSince = needsHelp(steps) ? (student.helpSince ?? at) : undefined;
  return { ...student, steps, helpSince };
}

/** The part of a review that the server takes: all of it, or only the steps that there are. */
function reviewed(own: Statuses, review: Statuses): Statuses {
  const isFresh = Object.keys(own).length === 0;
  const taken = Object.entries(review).filter(([name]) => isFresh || name in own);
  return { ...own, ...Object.fromEntries(taken) };
}

function withTalk(student: Student, talk: readonly CurrentMessage[]): Student {
  const unread = unreadOf(talk, student.id, student.readId);
  return { ...student, talk, unread };
}

function markRead(student: Student): Student {
  const readId = student.talk.at(-1)?.id ?? student.readId;
  return student.unread === 0 && readId <= student.readId
    ? student
    : { ...student, readId: Math.max(readId, student.readId), unread: 0 };
}

function differs(one: Project, other: Project): boolean {
  if (one.files.size !== other.files.size) {
    return true;
  }
  for (const [filename, entry] of one.files) {
    if (other.files.get(filename)?.content !== entry.content) {
      return true;
    }
  }
  return false;
}

function openPanel(state: Classroom, user: number, isBeside: boolean): Classroom {
  if (!state.students.has(user) || state.open.includes(user)) {
    return state;
  }
  // Else the last one makes room: who is compared with many stays where they are.
  const kept = isBeside ? state.open : state.open.slice(0, -1);
  return { ...state, open: [...kept, user] };
}

// Questions

export function isOnline(student: Student): boolean {
  return student.sid !== "";
}

/** Whether the student's files arrive as they change. */
export function isWatched(student: Student): boolean {
  return isOnline(student) && student.watchedSid === student.sid;
}

export function needsHelp(steps: Statuses): boolean {
  return Object.values(steps).includes("HELP");
}

/** The columns of everything: tasks that were handed out or that anybody has; no theory page. */
export function columnsOf(state: Classroom): readonly string[] {
  const names = new Set(state.tasks.map((step) => step.name));
  for (const student of state.students.values()) {
    for (const name of Object.keys(student.steps)) {
      names.add(name);
    }
  }
  names.delete("theory");
  return [...names].sort(compareSteps);
}

/** Hundredths that are done, rounded down: 100 means all of it. */
export function percentOf(columns: readonly string[], students: Iterable<Student>): number {
  let done = 0;
  let all = 0;
  for (const student of students) {
    done += columns.filter((name) => isFinished(student.steps[name] ?? "NONE")).length;
    all += columns.length;
  }
  return all === 0 ? 0 : Math.floor((100 * done) / all);
}

/** What is to be remembered for the next time the page is loaded. */
export function marksOf(state: Classroom): Marks {
  const read: Record<number, number> = {};
  const help: Record<number, number> = {};
  const active: Record<number, number> = {};
  for (const [id, student] of state.students) {
    read[id] = student.readId;
    if (student.helpSince !== undefined) {
      help[id] = student.helpSince;
    }
    if (student.activeAt !== undefined) {
      active[id] = student.activeAt;
    }
  }
  return { order: [...state.students.keys()], read, help, active };
}
