/** A class as its teacher sees it: a value, and what each event makes of it. */
import type {
  ClassroomNotice,
  Ignores,
  QueuedCall,
  RoomUpdate,
  Rules,
  Task,
  User,
} from "../wire/generated";
import type { Parting } from "../wire/teacher";
import { NOBODY_CALLS, queued, withCalls, type Queue } from "../board/calls";
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
 * `start`: no class. `entering`: asked to be let in (again). `inside`. `place_taken`: another window of the
 * teacher has the class. `rekeyed`: it has a new key, which this browser does not know. `handed_over`: it is
 * somebody else's. `gone`: the server knows no such class any more. `closed`: by the teacher.
 */
export type Phase = "start" | "entering" | "inside" | Parting | "gone" | "closed";

/** What the class has been given, as the server tells it. */
export interface Handout {
  /** How often tasks were set. */
  readonly rev: number;
  readonly tasks: readonly Task[];
  /** The tasks whose solutions the class may see. */
  readonly revealed: readonly string[];
}

/** Tasks that are not with the class; the server tells of them again whenever the teacher comes back. */
export interface Imported {
  readonly tasks: readonly Task[];
  readonly isNew: boolean;
}

export interface Classroom {
  readonly phase: Phase;
  /** Whether there is something to show: also while the connection is lost, and after. */
  readonly isFurnished: boolean;
  /** Whether the server tells of what happens: of all that is shown, nothing else is sure. */
  readonly isConnected: boolean;
  readonly room: number;
  /** What the class is called; it may be nothing. */
  readonly title: string;
  /** The teacher's own id. */
  readonly host: number;
  readonly students: PersistentMap<number, Student>;
  /** Who calls for help, in the order in which it is their turn; also of students who are not listed yet. */
  readonly queue: Queue;
  readonly handout: Handout;
  /** What the whole class was told, the oldest first. */
  readonly notices: readonly ClassroomNotice[];
  readonly isImporting: boolean;
  /** What an import has found, until the editor has it. */
  readonly imported: Imported | undefined;
  /** What the last import had to leave out: how much of each kind. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Whether newcomers are kept out. */
  readonly isLocked: boolean;
  readonly rules: Required<Rules>;
  readonly ignores: Ignores;
  /** Whether everybody is watched. */
  readonly isLive: boolean;
  /** Whose panels are open, in order. */
  readonly open: readonly number[];
  /** What this browser knew of the students before the page was loaded. */
  readonly marks: Marks;
}

/** Of which the server keeps as many for whoever comes later. */
const MOST_NOTICES = 20;
const NO_HANDOUT: Handout = { rev: 0, tasks: [], revealed: [] };
const RULES: Required<Rules> = { has_results_page: true, is_recorded: true, auto_done: false };

export const OUTSIDE: Classroom = {
  phase: "start",
  isFurnished: false,
  isConnected: false,
  room: 0,
  title: "",
  host: 0,
  students: PersistentMap.of<number, Student>(),
  queue: NOBODY_CALLS,
  handout: NO_HANDOUT,
  notices: [],
  isImporting: false,
  imported: undefined,
  leftOut: {},
  isLocked: false,
  rules: RULES,
  ignores: NOTHING_IGNORED,
  isLive: true,
  open: [],
  marks: NO_MARKS,
};

export type Happening =
  // The class
  | { type: "entering"; room: number; host: number; marks: Marks; ignores: Ignores }
  | { type: "update"; update: RoomUpdate; at: number }
  | { type: "phase"; phase: Parting | "gone" | "closed" }
  | { type: "left" }
  | { type: "cut" }
  | { type: "live"; isLive: boolean }
  | { type: "ignoring"; ignores: Ignores }
  | { type: "queue"; calls: readonly QueuedCall[]; at: number }
  | { type: "notice"; notice: ClassroomNotice }
  // Tasks
  | ({ type: "tasks" } & Handout)
  | { type: "tasks set"; rev: number; tasks: readonly Task[] }
  | { type: "tasks imported"; tasks: readonly Task[] }
  | { type: "revealed"; task: string }
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
  queue: (state, { calls, at }) => {
    const queue = queued(calls, state.queue, at);
    return { ...state, queue, students: withCalls(state.students, queue) };
  },
  notice: (state, { notice }) => ({ ...state, notices: withNotice(state.notices, notice) }),
  tasks: (state, { rev, tasks, revealed }) => ({ ...state, handout: { rev, tasks, revealed } }),
  "tasks set": (state, { rev, tasks }) => ({
    ...state,
    handout: { ...state.handout, rev, tasks },
    leftOut: {},
  }),
  "tasks imported": (state, { tasks }) => ({
    ...state,
    imported: { tasks, isNew: state.phase === "inside" },
    isImporting: false,
  }),
  revealed: (state, { task }) => ({ ...state, handout: withRevealed(state.handout, task) }),
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
  const listedNow = isSame ? state.students : PersistentMap.of(entries);
  const students = withCalls(listedNow, state.queue);
  // Those that were open before the page was loaded, once their students are here.
  const wanted = state.isFurnished ? state.open : state.marks.open;
  const open = wanted.filter((user) => students.has(user));
  const { id: room, host, title = "" } = update;
  const isLocked = update.door === "locked";
  const rules = { ...RULES, ...update.rules };
  const here = { phase: "inside", isFurnished: true, isConnected: true } as const;
  return { ...state, ...here, room, title, host, students, open, isLocked, rules };
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

function withNotice(
  notices: readonly ClassroomNotice[],
  notice: ClassroomNotice,
): readonly ClassroomNotice[] {
  const others = notices.filter(({ id }) => id !== notice.id);
  return [...others, notice].sort((one, other) => one.id - other.id).slice(-MOST_NOTICES);
}

function withRevealed(handout: Handout, task: string): Handout {
  const revealed = new Set([...handout.revealed, task]);
  return { ...handout, revealed: [...revealed] };
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

/** What is to be remembered for the next time the page is loaded. */
export function marksOf(state: Classroom): Marks {
  const read: Record<number, number> = {};
  const active: Record<number, number> = {};
  for (const [id, student] of state.students) {
    read[id] = student.readId;
    if (student.activeAt !== undefined) {
      active[id] = student.activeAt;
    }
  }
  return { order: [...state.students.keys()], read, active, open: state.open };
}
