/** What a student's page knows, and how each event changes it. No effects: those are `session`'s. */
import { asStatus, compareSteps, isFinished, type Status } from "../class/status";
import type { ErrorPayload, Ignores, Step } from "../wire/generated";
import type { Link } from "../wire/socket";
import type { Heard } from "../wire/student";
import { NOTHING_UNSAID, type Unsaid } from "./remembered";

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

export interface State {
  link: Link;
  phase: Phase;
  me: Identity | undefined;
  steps: readonly Step[];
  statuses: Readonly<Record<string, Status>>;
  /** Those that the student has set and the server has not confirmed. */
  unreported: Readonly<Record<string, Status>>;
  messages: readonly Said[];
  /** The latest message that the student has seen. */
  readUpTo: number;
  isTeacherAway: boolean;
  isWatched: boolean;
  /** Whether the student has called for help apart from any task. */
  isCalling: boolean;
  /** Whether the server knows that, or that the call is over. */
  isCallReported: boolean;
  ignores: Ignores;
}

export type Event =
  | Heard
  | { kind: "knocks" }
  | { kind: "refused"; refusal: Refusal }
  | { kind: "waits"; refusal: Refusal }
  | { kind: "over"; why: End }
  | { kind: "anew"; refusal?: Refusal }
  | { kind: "returns"; me: Identity; readUpTo: number; unsaid: Unsaid }
  | { kind: "sets"; step: string; status: Status }
  | { kind: "calls"; isCalling: boolean }
  | { kind: "call reported"; isCalling: boolean }
  | { kind: "reported"; statuses: Readonly<Record<string, Status>> }
  | { kind: "said"; content: string; id: number; at: string }
  | { kind: "reads" };

const NO_IGNORES: Ignores = { names: [], dirs: [], extensions: [] };

/** A page that opens: with an identity it comes back, without one it asks for a name. */
export function begin(me: Identity | undefined, readUpTo = 0, unsaid = NOTHING_UNSAID): State {
  return {
    link: "connecting",
    phase: me === undefined ? { name: "door", isWaiting: false } : { name: "returning" },
    me,
    steps: [],
    statuses: unsaid.statuses,
    unreported: unsaid.statuses,
    messages: [],
    readUpTo,
    isTeacherAway: false,
    isWatched: false,
    isCalling: unsaid.isCalling ?? false,
    isCallReported: unsaid.isCalling === undefined,
    ignores: NO_IGNORES,
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
      return { ...begin(event.me, event.readUpTo, event.unsaid), link: state.link };
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
  steps: (state, { steps }) => ({ ...state, steps: sorted(steps) }),
  exercise: (state, { content }) => exercise(state, content),
  ignores: (state, { ignores }) => ({ ...state, ignores }),
  reviewed: (state, { statuses }) => reviewed(state, known(statuses)),
  sets: (state, { step, status }) => set(state, { [step]: status }),
  calls: (state, { isCalling }) => ({ ...state, isCalling, isCallReported: false }),
  "call reported": (state, { isCalling }) =>
    state.isCalling === isCalling ? { ...state, isCallReported: true } : state,
  reported: (state, { statuses }) => ({
    ...state,
    unreported: without(state.unreported, statuses),
  }),
  message: (state, { message }) => ({
    ...state,
    isTeacherAway: false,
    messages: merged(state, [message]),
  }),
  history: (state, { messages }) => ({ ...state, messages: merged(state, messages) }),
  said: (state, { content, id, at }) => ({
    ...state,
    messages: merged(state, [{ id, at, content, sender: state.me?.id ?? 0 }]),
  }),
  reads: (state) => ({ ...state, readUpTo: Math.max(state.readUpTo, lastId(state)) }),
  watching: (state, { isWatched }) => ({ ...state, isWatched }),
  teacher: (state, { isAway }) => ({
    ...state,
    isTeacherAway: isAway,
    isWatched: state.isWatched && !isAway,
  }),
  notice: (state) => state,
};

/** How many messages of the teacher the student has not seen. */
export function unread(state: State): number {
  const mine = state.me?.id;
  return state.messages.filter(({ id, sender }) => sender !== mine && id > state.readUpTo).length;
}

/** The status of each task, as the server wants to hear it: all of them, or it forgets the others. */
export function report(state: State): Record<string, Status> {
  const all: Record<string, Status> = {};
  for (const { name } of tasks(state)) {
    all[name] = state.statuses[name] ?? "NONE";
  }
  for (const [name, status] of Object.entries(state.statuses)) {
    // The teacher took the task away, and may bring it back.
    if (status !== "NONE") {
      all[name] = status;
    }
  }
  return all;
}

/** The steps that are to be done. */
export function tasks(state: Pick<State, "steps">): Step[] {
  return state.steps.filter((step) => step.name !== "theory");
}

/** Where to begin: the first task that is not finished. */
export function firstOpen(state: State): string | undefined {
  const open = tasks(state).find(({ name }) => !isFinished(state.statuses[name] ?? "NONE"));
  return state.steps.find((step) => step.name === "theory")?.name ?? (open ?? state.steps[0])?.name;
}

/** What the server has not confirmed, and what must not be lost before it has. */
export function unsaid({ unreported, isCalling, isCallReported }: State): Unsaid {
  return { statuses: unreported, isCalling: isCallReported ? undefined : isCalling };
}

export function lastId(state: Pick<State, "messages">): number {
  return state.messages.reduce((last, { id }) => Math.max(last, id), 0);
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
  return { ...state, link, isWatched: state.isWatched && link === "open" };
}

function comeIn(
  state: State,
  { user_id: id, name, token, steps, signal }: Extract<Heard, { kind: "joined" }>["joined"],
): State {
  const before = state.me?.id === id ? state.me : undefined;
  const me = { id, name: name ?? before?.name ?? "", token: token ?? before?.token ?? "" };
  const theirs = known(steps ?? {});
  const own = Object.entries(state.unreported).filter(([step]) => theirs[step] !== "ACCEPTED");
  const unreported = Object.fromEntries(own);
  const statuses = { ...theirs, ...unreported };
  const isCalling = state.isCallReported ? signal === "HELP" : state.isCalling;
  const phase = { name: "inside" } as const;
  return { ...state, phase, me, statuses, unreported, isCalling, isTeacherAway: false };
}

function set(state: State, news: Record<string, Status>): State {
  return {
    ...state,
    statuses: { ...state.statuses, ...news },
    unreported: { ...state.unreported, ...news },
  };
}

/** What the teacher decides is later than what the student said. */
function reviewed(state: State, review: Record<string, Status>): State {
  const rest = Object.entries(state.unreported).filter(([step]) => !(step in review));
  const statuses = { ...state.statuses, ...review };
  return { ...state, statuses, unreported: Object.fromEntries(rest) };
}

function without(
  statuses: Readonly<Record<string, Status>>,
  those: Readonly<Record<string, Status>>,
): Record<string, Status> {
  return Object.fromEntries(
    Object.entries(statuses).filter(([step, status]) => those[step] !== status),
  );
}

function known(statuses: Record<string, unknown>): Record<string, Status> {
  return Object.fromEntries(
    Object.entries(statuses).map(([name, status]) => [name, asStatus(status)]),
  );
}

function sorted(steps: readonly Step[]): Step[] {
  return [...steps].sort((one, other) => compareSteps(one.name, other.name));
}

/** The old form of tasks is one page without a number. */
function exercise(state: State, content: string): State {
  const page: Step = { name: "theory", content, language: "html", type: "theory" };
  return state.steps.length > 0 ? state : { ...state, steps: [page] };
}

/** Everything that is known, each message once, in order. */
function merged(state: State, news: readonly Said[]): Said[] {
  const byId = new Map([...state.messages, ...news].map((said) => [said.id, said]));
  return [...byId.values()].sort((one, other) => one.id - other.id);
}

/** Which task a call for help is about: the one that is shown, unless there is nothing to do in it. */
export function helpTarget(state: State, shown: string | undefined): string | undefined {
  const task = tasks(state).find(({ name }) => name === shown);
  return task === undefined || state.statuses[task.name] === "ACCEPTED" ? undefined : task.name;
}

/** The task that the student has called for help with. */
export function calledTask(state: State): string | undefined {
  return tasks(state).find(({ name }) => state.statuses[name] === "HELP")?.name;
}
