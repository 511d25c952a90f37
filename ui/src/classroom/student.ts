/**
 * One student as the teacher sees them: a value that is replaced when something about this student
 * changes, and only then. That is how the board knows which tiles to draw anew.
 */
import { asStatus, isFinished, type Status } from "../class/status";
import type {
  ChecksOfStudent,
  CurrentMessage,
  File,
  RunOfStudent,
  UnsentFile,
  User,
} from "../wire/generated";
import type { Call } from "../board/calls";
import { lookAt, NO_PROJECT, replaceTree, updateFiles, type Project } from "./files";
import { addMessage, joinMessages, unreadOf } from "./messages";

export type Presence = "online" | "offline" | "unknown";
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
  /** Their call for help, as it stands in the queue. */
  readonly call: Call | undefined;
  /** What their program did last, as their page says. */
  readonly run: RunOfStudent | undefined;
  /** How the checks of each task went, as their page says; those of the last one at the end. */
  readonly checks: ReadonlyMap<string, ChecksOfStudent>;
  /** When they did something last; undefined if that is not known. */
  readonly activeAt: number | undefined;
  readonly project: Project;
  readonly talk: readonly CurrentMessage[];
  /** The newest message that the teacher has seen. */
  readonly readId: number;
  readonly unread: number;
}

/** What the server does not know, for a teacher who reloads. */
export interface Marks {
  /** Ids of students in the order of joining. */
  readonly order: readonly number[];
  readonly read: Readonly<Record<number, number>>;
  readonly active: Readonly<Record<number, number>>;
  /** Whose panels were open. */
  readonly open: readonly number[];
}

export const NO_MARKS: Marks = { order: [], read: {}, active: {}, open: [] };

/** What happens to one student. */
export type OfStudent =
  | { type: "statuses"; user: number; steps: Statuses; at: number }
  | { type: "reviewed"; user: number; steps: Statuses }
  | { type: "signal"; user: number; at: number }
  | { type: "ran"; user: number; run: RunOfStudent; at: number }
  | { type: "checked"; user: number; checks: ChecksOfStudent }
  | { type: "tree"; user: number; files: readonly File[]; at: number }
  | { type: "files"; user: number; files: readonly File[]; at: number }
  | { type: "unsent"; user: number; files: readonly UnsentFile[] }
  | { type: "message"; message: CurrentMessage; at: number }
  | { type: "history"; user: number; messages: readonly CurrentMessage[] }
  | { type: "read"; user: number }
  | { type: "looked"; user: number; filename: string }
  | { type: "watched"; user: number; sid: string };

type IsHidden = (filename: string) => boolean;
type Concern<T> = (
  student: Student,
  event: Extract<OfStudent, { type: T }>,
  isHidden: IsHidden,
) => Student;

/** What an event that concerns one student makes of them: the same value if nothing is new. */
export function concern<T extends OfStudent["type"]>(
  student: Student,
  event: Extract<OfStudent, { type: T }>,
  isHidden: IsHidden,
): Student {
  const change: Concern<T> = CONCERNS[event.type];
  return change(student, event, isHidden);
}

const CONCERNS: { [T in OfStudent["type"]]: Concern<T> } = {
  statuses: (student, event) => ({
    ...withSteps(student, event.steps),
    activeAt: event.at,
  }),
  reviewed: (student, event) => withSteps(student, { ...student.steps, ...event.steps }),
  // Whether they call for help by it is said by the queue.
  signal: (student, event) => ({ ...student, activeAt: event.at }),
  // The last run of before is told to whoever begins to watch, and is nothing that was done now.
  ran: (student, { run, at }) => ({
    ...student,
    run,
    activeAt: student.run === undefined ? student.activeAt : at,
  }),
  checked: (student, { checks }) => {
    const others = [...student.checks].filter(([task]) => task !== checks.task);
    return { ...student, checks: new Map([...others, [checks.task, checks]]) };
  },
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
  unsent: (student, event) => ({
    ...student,
    project: { ...student.project, leftOut: event.files },
  }),
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

// As the server lists them

export function settle(student: Student, place: number, isNew: boolean): Student {
  const watchedSid = isNew ? "" : student.watchedSid;
  return student.place === place && student.watchedSid === watchedSid
    ? student
    : { ...student, place, watchedSid };
}

export function meet(marks: Marks, user: User, place: number, at: number): Student {
  const isKnown = marks.order.includes(user.id);
  const student: Student = {
    id: user.id,
    name: user.name,
    place,
    sid: user.sid,
    watchedSid: "",
    steps: {},
    call: undefined,
    run: undefined,
    checks: new Map(),
    // Somebody who was here before the page was loaded may have been idle for long.
    activeAt: isKnown || user.sid === "" ? marks.active[user.id] : at,
    project: NO_PROJECT,
    talk: [],
    readId: marks.read[user.id] ?? 0,
    unread: 0,
  };
  return withSteps(student, user.steps);
}

export function refresh(known: Student, user: User, at: number): Student {
  const student = withSteps(known, user.steps);
  if (student.sid === user.sid && student.name === user.name) {
    return student;
  }
  const isReturning = known.sid === "" && user.sid !== "";
  const activeAt = isReturning ? at : student.activeAt;
  return { ...student, sid: user.sid, name: user.name, activeAt };
}

// What changes

function withSteps(student: Student, sent: Readonly<Record<string, unknown>>): Student {
  const names = Object.keys(sent);
  const isSame =
    names.length === Object.keys(student.steps).length &&
    names.every((name) => student.steps[name] === sent[name]);
  if (isSame) {
    return student;
  }
  const steps = Object.fromEntries(names.map((name) => [name, asStatus(sent[name])]));
  return { ...student, steps };
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

// Questions

export function isOnline(student: Student): boolean {
  return student.sid !== "";
}

/** What a page that may have lost its connection can say of who is there. */
export function presenceOf(student: Student, isConnected: boolean): Presence {
  return !isConnected ? "unknown" : isOnline(student) ? "online" : "offline";
}

/** Whether the student's files arrive as they change. */
export function isWatched(student: Student): boolean {
  return isOnline(student) && student.watchedSid === student.sid;
}

/** Hundredths that are done, rounded down: 100 means all of it. */
export function percentOf(columns: readonly { id: string }[], students: Iterable<Student>): number {
  let done = 0;
  let all = 0;
  for (const student of students) {
    done += columns.filter(({ id }) => isFinished(student.steps[id] ?? "NONE")).length;
    all += columns.length;
  }
  return all === 0 ? 0 : Math.floor((100 * done) / all);
}
