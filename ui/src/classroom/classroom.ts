/** A class as its teacher sees it: a value, and what each event makes of it. */
import { compareSteps } from "../class/status";
import type { Ignores, RoomUpdate, Step, User } from "../wire/generated";
import { isIgnored, NOTHING_IGNORED } from "./ignores";
import { PersistentMap } from "./persistent";
import {
  concern,
  meet,
  NO_MARKS,
  refresh,
  settle,
  type Marks,
  type OfStudent,
  type Student,
} from "./student";

/**
 * `start`: no class. `entering`: asked to be let in (again). `inside`. `taken`: another window of the
 * teacher has the class. `gone`: the server knows no such class any more. `closed`: by the teacher.
 */
export type Phase = "start" | "entering" | "inside" | "taken" | "gone" | "closed";

export interface Classroom {
  readonly phase: Phase;
  /** Whether there is something to show: also while the connection is lost, and after. */
  readonly isFurnished: boolean;
  /** Whether the server tells of what happens: of all that is shown, nothing else is sure. */
  readonly isConnected: boolean;
  readonly room: number;
  /** The teacher's own id. */
  readonly host: number;
  readonly students: PersistentMap<number, Student>;
  /** What was handed out. */
  readonly tasks: readonly Step[];
  /** What is to be put into the editor. */
  readonly loaded: readonly Step[] | undefined;
  readonly isImporting: boolean;
  /** What an import has found, until the editor has it. */
  readonly imported: readonly Step[] | undefined;
  /** What the last import had to leave out: how much of each kind. */
  readonly leftOut: Readonly<Record<string, number>>;
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

export const OUTSIDE: Classroom = {
  phase: "start",
  isFurnished: false,
  isConnected: false,
  room: 0,
  host: 0,
  students: PersistentMap.of<number, Student>(),
  tasks: [],
  loaded: undefined,
  isImporting: false,
  imported: undefined,
  leftOut: {},
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
  | { type: "cut" }
  | { type: "live"; isLive: boolean }
  | { type: "ignoring"; ignores: Ignores }
  // Tasks
  | { type: "tasks loaded"; steps: readonly Step[] }
  | { type: "tasks sent"; steps: readonly Step[] }
  | { type: "importing"; isImporting: boolean }
  | { type: "import taken" }
  | { type: "import incomplete"; leftOut: Readonly<Record<string, number>> }
  | { type: "opened"; user: number; isBeside: boolean }
  | { type: "shut"; user: number }
  | OfStudent;

type OfClass = Exclude<Happening, OfStudent>;
type Change<T> = (state: Classroom, event: Extract<OfClass, { type: T }>) => Classroom;

/** What an event makes of the class; the same value if nothing is new. */
export function reduce(state: Classroom, event: Happening): Classroom {
  if (isOfClass(event)) {
    // The table pairs each type with its own event, which the type checker cannot follow here.
    return (CHANGES[event.type] as Change<OfClass["type"]>)(state, event);
  }
  const isHidden = (filename: string) => isIgnored(filename, state.ignores);
  return changeStudent(state, whoseIs(event), (student) => concern(student, event, isHidden));
}

const CHANGES: { [T in OfClass["type"]]: Change<T> } = {
  entering: enter,
  update: (state, { update, at }) => updateRoom(state, update, at),
  phase: (state, { phase }) => ({ ...state, phase }),
  left: ({ isLive }) => ({ ...OUTSIDE, isLive }),
  cut: (state) => (state.isConnected ? { ...state, isConnected: false } : state),
  live: (state, { isLive }) => ({ ...state, isLive }),
  ignoring: (state, { ignores }) => ({ ...state, ignores }),
  "tasks loaded": (state, { steps }) => loadTasks(state, steps),
  "tasks sent": (state, { steps }) => ({
    ...state,
    tasks: usable(steps),
    loaded: steps,
    leftOut: {},
  }),
  importing: (state, { isImporting }) => ({
    ...state,
    isImporting,
    leftOut: isImporting ? {} : state.leftOut,
  }),
  "import taken": (state) => ({ ...state, imported: undefined }),
  "import incomplete": (state, { leftOut }) => ({ ...state, leftOut }),
  opened: (state, { user, isBeside }) => openPanel(state, user, isBeside),
  shut: (state, { user }) => ({ ...state, open: state.open.filter((other) => other !== user) }),
};

function isOfClass(event: Happening): event is OfClass {
  return event.type in CHANGES;
}

function whoseIs(event: OfStudent): number {
  return event.type === "message" ? event.message.sender : event.user;
}

// The class

function enter(
  state: Classroom,
  event: { room: number; host: number; marks: Marks; ignores: Ignores },
): Classroom {
  if (state.room === event.room && event.room !== 0) {
    return { ...state, phase: "entering", isConnected: false };
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
  // Those that were open before the page was loaded, once their students are here.
  const wanted = state.isFurnished ? state.open : state.marks.open;
  const open = wanted.filter((user) => students.has(user));
  const { id: room, host } = update;
  const isLocked = update.door === "locked";
  const hasResultsPage = update.rules?.has_results_page ?? true;
  const rules = { isLocked, hasResultsPage };
  const here = { phase: "inside", isFurnished: true, isConnected: true } as const;
  return { ...state, ...here, room, host, students, open, ...rules };
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

// Tasks

function loadTasks(state: Classroom, steps: readonly Step[]): Classroom {
  // Before the class is shown these are its own tasks; later they are what an import has found.
  if (state.phase === "inside") {
    return { ...state, imported: steps, isImporting: false };
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

function openPanel(state: Classroom, user: number, isBeside: boolean): Classroom {
  if (!state.students.has(user) || state.open.includes(user)) {
    return state;
  }
  // Else the last one makes room: who is compared with many stays where they are.
  const kept = isBeside ? state.open : state.open.slice(0, -1);
  return { ...state, open: [...kept, user] };
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
  return { order: [...state.students.keys()], read, help, active, open: state.open };
}
