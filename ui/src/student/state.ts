/** What a student's page knows, and how each event changes it. No effects: those are `session`'s. */
import { asStatus, isFinished, type Status } from "../class/status";
import { exercisesOf } from "../class/tasks";
import type { ErrorPayload, Ignores, Revealed, Rules, Task, Tasks } from "../wire/generated";
import type { Link } from "../wire/socket";
import type { Heard } from "../wire/student";
import * as helping from "./helping";
import type { Calling } from "./helping";
import { NOTHING_READ, NOTHING_UNSAID, type Read, type Unsaid } from "./remembered";

/** Who the student is in this room; the token is what proves it. */
export interface Identity {
  id: number;
  name: string;
  token: string;
}

/** Why a way in was declined: a code of the server, and how long to wait. */
export interface Refusal {
  code: string;
  message: string;
  seconds?: number;
}

/** Why the class is over for this page. */
export type End = "removed" | "closed" | "taken" | "left";

export type Phase =
  | { name: "door"; refusal?: Refusal | undefined; isWaiting: boolean }
  | { name: "returning"; refusal?: Refusal | undefined }
  | { name: "inside" }
  | { name: "over"; why: End };

export interface Said {
  id: number;
  sender: number;
  content: string;
  at: string;
}

export interface State extends Calling {
  link: Link;
  phase: Phase;
  me: Identity | undefined;
  /** What the teacher calls the class. */
  title: string;
  rules: Rules | undefined;
  /** In the teacher's order. */
  tasks: readonly Task[];
  rev: number;
  /** What an older page had set by the places of tasks, until it is known which they are. */
  named: Readonly<Record<string, Status>>;
  messages: readonly Said[];
  /** What the teacher told the whole class. */
  notices: readonly Said[];
  read: Read;
  isTeacherAway: boolean;
  isWatched: boolean;
  ignores: Ignores;
}

export type Event =
  | Heard
  | { kind: "knocks" }
  | { kind: "refused"; refusal: Refusal }
  | { kind: "waits"; refusal: Refusal }
  | { kind: "over"; why: End }
  | { kind: "anew"; refusal?: Refusal }
  | { kind: "returns"; me: Identity; read: Read; unsaid: Unsaid }
  | { kind: "sets"; task: string; status: Status }
  | { kind: "reported"; statuses: Readonly<Record<string, Status>> }
  | { kind: "asks"; task: string | undefined; note: string }
  | { kind: "pauses"; isPaused: boolean }
  | { kind: "needs no help" }
  | { kind: "call reported"; call: Calling["call"] }
  | { kind: "said"; content: string; id: number; at: string }
  | { kind: "reads"; what: keyof Read };

const OLD_FORM: Omit<Task, "content"> = {
  id: "theory",
  title: "",
  folder: "",
  type: "theory",
  files: [],
  checks: [],
  points: 0,
};
const NO_IGNORES: Ignores = { names: [], dirs: [], extensions: [] };

/** A page that opens: with an identity it comes back, without one it asks for a name. */
export function begin(
  me: Identity | undefined,
  read = NOTHING_READ,
  unsaid = NOTHING_UNSAID,
): State {
  const { call } = unsaid;
  return {
    link: "connecting",
    phase: me === undefined ? { name: "door", isWaiting: false } : { name: "returning" },
    me,
    title: "",
    rules: undefined,
    tasks: [],
    rev: 0,
    statuses: unsaid.statuses,
    unreported: unsaid.statuses,
    named: unsaid.named,
    messages: [],
    notices: [],
    read,
    isTeacherAway: false,
    isWatched: false,
    ignores: NO_IGNORES,
    ...helping.CALLS_NOBODY,
    ...(call === undefined ? {} : { call: call ?? undefined, isCallReported: false }),
  };
}

export function reduce(state: State, event: Event): State {
  switch (event.kind) {
    case "link":
      return linked(state, event.link);
    case "knocks":
      return { ...state, phase: { name: "door", isWaiting: true } };
    case "refused":
      return { ...state, phase: { name: "door", refusal: event.refusal, isWaiting: false } };
    case "waits":
      return state.phase.name === "returning"
        ? { ...state, phase: { name: "returning", refusal: event.refusal } }
        : state;
    case "over":
      return over(state, event.why);
    case "closed":
      return over(state, "closed");
    case "taken":
      return over(state, "taken");
    case "anew":
      return { ...begin(undefined), link: state.link, phase: door(event.refusal) };
    case "returns":
      return { ...begin(event.me, event.read, event.unsaid), link: state.link };
    default:
      return state.phase.name === "over" ? state : inside(state, event);
  }
}

type Inside = Exclude<
  Event,
  {
    kind:
      "link" | "knocks" | "refused" | "waits" | "over" | "closed" | "taken" | "anew" | "returns";
  }
>;

function inside(state: State, event: Inside): State {
  // The table pairs each kind with its own event, which the type checker cannot follow here.
  const change = INSIDE[event.kind] as (state: State, event: Inside) => State;
  return change(state, event);
}

/** What changes for somebody who is, or is about to be, inside; nothing once it is over. */
const INSIDE: {
  [K in Inside["kind"]]: (state: State, event: Extract<Inside, { kind: K }>) => State;
} = {
  joined: (state, { joined }) => comeIn(state, joined),
  tasks: (state, { tasks }) => handedOut(state, tasks),
  exercise: (state, { content }) => exercise(state, content),
  ignores: (state, { ignores }) => ({ ...state, ignores }),
  rules: (state, { rules }) => ({ ...state, rules }),
  reviewed: (state, { review }) => reviewed(state, known(review.statuses)),
  revealed: (state, { revealed }) => reveal(state, revealed),
  place: (state, { place }) => helping.placed(state, place),
  sets: (state, { task, status }) => helping.followed(set(state, { [task]: status }), task, status),
  asks: (state, { task, note }) => helping.asked(state, task, note),
  pauses: (state, { isPaused }) => helping.paused(state, isPaused),
  "needs no help": (state) => helping.ended(state),
  "call reported": (state, { call }) =>
    state.call === call ? { ...state, isCallReported: true } : state,
  reported: (state, { statuses }) => ({
    ...state,
    unreported: without(state.unreported, statuses),
  }),
  message: (state, { message }) => ({
    ...state,
    isTeacherAway: false,
    messages: merged(state.messages, [message]),
  }),
  history: (state, { messages }) => ({ ...state, messages: merged(state.messages, messages) }),
  notice: (state, { notice }) => ({ ...state, notices: merged(state.notices, [notice]) }),
  said: (state, { content, id, at }) => ({
    ...state,
    messages: merged(state.messages, [{ id, at, content, sender: state.me?.id ?? 0 }]),
  }),
  reads: (state, { what }) => {
    const upTo = Math.max(state.read[what], lastId(state[what]));
    return { ...state, read: { ...state.read, [what]: upTo } };
  },
  watching: (state, { isWatched }) => ({ ...state, isWatched }),
  teacher: (state, { isAway }) => ({
    ...state,
    isTeacherAway: isAway,
    isWatched: state.isWatched && !isAway,
  }),
  alert: (state) => state,
};

/** How many messages of the teacher the student has not seen. */
export function unread(state: State): number {
  const mine = state.me?.id;
  const { messages, read } = state;
  return messages.filter(({ id, sender }) => sender !== mine && id > read.messages).length;
}

/** What the teacher told the class and the student has not seen, the newest last. */
export function unreadNotices({ notices, read }: State): readonly Said[] {
  return notices.filter(({ id }) => id > read.notices);
}

/** Where to begin: the theory, or the first task that is not finished. */
export function firstOpen({ tasks, statuses }: State): string | undefined {
  const open = exercisesOf(tasks).find(({ id }) => !isFinished(statuses[id] ?? "NONE"));
  return (tasks.find(({ type }) => type === "theory") ?? open ?? tasks[0])?.id;
}

/** What the server has not confirmed, and what must not be lost before it has. */
export function unsaid({ unreported, named, call, isCallReported }: State): Unsaid {
  return { statuses: unreported, named, call: isCallReported ? undefined : (call ?? null) };
}

export function lastId(messages: readonly Said[]): number {
  return messages.reduce((last, { id }) => Math.max(last, id), 0);
}

export function asRefusal(error: ErrorPayload): Refusal {
  const { code, message, retry_after_s: seconds } = error;
  return seconds === undefined ? { code, message } : { code, message, seconds };
}

function door(refusal: Refusal | undefined): Phase {
  return { name: "door", refusal, isWaiting: false };
}

function over(state: State, why: End): State {
  // The first reason is the true one: what follows is its consequence.
  return state.phase.name === "over"
    ? state
    : { ...state, phase: { name: "over", why }, isWatched: false };
}

/** Nobody watches through a connection that has ended; whoever goes on says so over the next. */
function linked(state: State, link: Link): State {
  const isOpen = link === "open";
  const place = isOpen ? state.place : undefined;
  return { ...state, link, place, isWatched: state.isWatched && isOpen };
}

function comeIn(state: State, joined: Extract<Heard, { kind: "joined" }>["joined"]): State {
  const { user_id: id, name, token, steps, signal } = joined;
  const before = state.me?.id === id ? state.me : undefined;
  const me = { id, name: name ?? before?.name ?? "", token: token ?? before?.token ?? "" };
  const theirs = known(steps ?? {});
  const own = Object.entries(state.unreported).filter(([task]) => theirs[task] !== "ACCEPTED");
  const unreported = Object.fromEntries(own);
  const inside: State = {
    ...state,
    phase: { name: "inside" },
    me,
    title: joined.title ?? "",
    rules: joined.rules,
    statuses: { ...theirs, ...unreported },
    unreported,
    isTeacherAway: joined.is_teacher_here === false,
  };
  return helping.resumed(inside, signal);
}

function set(state: State, news: Record<string, Status>): State {
  return {
    ...state,
    statuses: { ...state.statuses, ...news },
    unreported: { ...state.unreported, ...news },
  };
}

function handedOut(state: State, { tasks, rev }: Tasks): State {
  const next: State = { ...state, tasks, rev, named: {} };
  return Object.entries(state.named).reduce(
    (after, [name, status]) => translated(after, taskNamed(tasks, name), status),
    next,
  );
}

function translated(state: State, task: string | undefined, status: Status): State {
  if (task === undefined || state.statuses[task] === "ACCEPTED") {
    return state;
  }
  return status === "HELP" ? helping.asked(state, task, "") : set(state, { [task]: status });
}

/** Pages of protocol 2 called a task by its place, unless that was its id. */
function taskNamed(tasks: readonly Task[], name: string): string | undefined {
  const own = tasks.find(({ id }) => id === name);
  return (own ?? exercisesOf(tasks)[Number(name) - 1])?.id;
}

/** What the teacher decides is later than what the student said. */
function reviewed(state: State, review: Record<string, Status>): State {
  const rest = Object.entries(state.unreported).filter(([task]) => !(task in review));
  const statuses = { ...state.statuses, ...review };
  const next = { ...state, statuses, unreported: Object.fromEntries(rest) };
  return helping.answered(next, review);
}

function reveal(state: State, { task, solution }: Revealed): State {
  const tasks = state.tasks.map((each) => (each.id === task ? { ...each, solution } : each));
  return { ...state, tasks };
}

function without(
  statuses: Readonly<Record<string, Status>>,
  those: Readonly<Record<string, Status>>,
): Record<string, Status> {
  return Object.fromEntries(
    Object.entries(statuses).filter(([task, status]) => those[task] !== status),
  );
}

function known(statuses: Record<string, unknown>): Record<string, Status> {
  return Object.fromEntries(
    Object.entries(statuses).map(([name, status]) => [name, asStatus(status)]),
  );
}

/** The old form of tasks is one page without a number. */
function exercise(state: State, content: string): State {
  return state.tasks.length > 0 ? state : { ...state, tasks: [{ ...OLD_FORM, content }] };
}

/** Everything that is known, each message once, in order. */
function merged(known: readonly Said[], news: readonly Said[]): Said[] {
  const byId = new Map([...known, ...news].map((said) => [said.id, said]));
  return [...byId.values()].sort((one, other) => one.id - other.id);
}

/** Which task a call for help is about: the one that is shown, unless there is nothing to do in it. */
export function helpTarget(state: State, shown: string | undefined): string | undefined {
  const task = exercisesOf(state.tasks).find(({ id }) => id === shown);
  return task === undefined || state.statuses[task.id] === "ACCEPTED" ? undefined : task.id;
}
