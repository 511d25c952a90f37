/** A student's call for help: what is called for, who knows of it, and the place in the queue. Pure. */
import type { Status } from "../class/status";
import type { PlaceInQueue, Signal } from "../wire/generated";

export interface Call {
  /** The task that it is about; none if it is apart from any. */
  readonly task: string | undefined;
  /** What it is about, in the student's words. */
  readonly note: string;
  /** The student cannot be helped just now, and keeps the place. */
  readonly isPaused: boolean;
}

type Statuses = Readonly<Record<string, Status>>;

export interface Calling {
  readonly statuses: Statuses;
  /** Statuses that the server does not know; a call says its own. */
  readonly unreported: Statuses;
  readonly call: Call | undefined;
  /** Whether the server knows of the call, or that there is none. */
  readonly isCallReported: boolean;
  /** Where the server says that it stands; it says so over each connection anew. */
  readonly place: PlaceInQueue | undefined;
}

export const CALLS_NOBODY = { call: undefined, isCallReported: true, place: undefined } as const;

export function asked<S extends Calling>(state: S, task: string | undefined, note: string): S {
  const call = { task, note, isPaused: false };
  return withCall({ ...state, call, isCallReported: false });
}

export function paused<S extends Calling>(state: S, isPaused: boolean): S {
  const { call } = state;
  return call ? { ...state, call: { ...call, isPaused }, isCallReported: false } : state;
}

/** No help is needed any more, with whatever it was. */
export function ended<S extends Calling>(state: S): S {
  const statuses = withoutHelp(state.statuses);
  return { ...state, statuses, call: undefined, isCallReported: false, place: undefined };
}

/** What the student says of a task ends a call about it. */
export function followed<S extends Calling>(state: S, task: string, status: Status): S {
  return state.call?.task === task && status !== "HELP" ? { ...state, call: undefined } : state;
}

/** What the teacher says of tasks is later than a call about one of them. */
export function answered<S extends Calling>(state: S, review: Statuses): S {
  const own = state.call?.task;
  if (own === undefined || !(own in review) || review[own] === "HELP") {
    return state;
  }
  return { ...state, call: called(state.statuses, undefined), isCallReported: true };
}

/** The server says where the call stands, and by that whether there is one. */
export function placed<S extends Calling>(state: S, place: PlaceInQueue): S {
  if (!state.isCallReported) {
    return { ...state, place };
  }
  if (place.place === null) {
    return { ...state, place: undefined, call: undefined };
  }
  const call = state.call ?? { task: helpIn(state.statuses), note: "" };
  return { ...state, place, call: { ...call, isPaused: place.is_paused === true } };
}

/** The server says what it has kept, over a new connection; what it has not heard of is the student's. */
export function resumed<S extends Calling>(state: S, signal: Signal | undefined): S {
  const isTakenBack = state.call?.task !== undefined && isAccepted(state, state.call.task);
  if (state.isCallReported || isTakenBack) {
    const call = called(state.statuses, signal, state.call);
    return { ...state, call, isCallReported: true, place: undefined };
  }
  const kept = state.call === undefined ? withoutHelp(state.statuses) : state.statuses;
  return withCall({ ...state, statuses: kept, place: undefined });
}

function withCall<S extends Calling>(state: S): S {
  const task = state.call?.task;
  if (task === undefined) {
    return state;
  }
  const others = Object.entries(state.unreported).filter(([other]) => other !== task);
  const unreported = Object.fromEntries(others);
  return { ...state, statuses: { ...state.statuses, [task]: "HELP" }, unreported };
}

/** The call that statuses and signal make; with the words that it had. */
function called(statuses: Statuses, signal: Signal | undefined, before?: Call): Call | undefined {
  const task = helpIn(statuses);
  if (task === undefined && signal !== "HELP") {
    return undefined;
  }
  return before?.task === task && before ? before : { task, note: "", isPaused: false };
}

function helpIn(statuses: Statuses): string | undefined {
  return Object.keys(statuses).find((task) => statuses[task] === "HELP");
}

function withoutHelp(statuses: Statuses): Record<string, Status> {
  return Object.fromEntries(
    Object.entries(statuses).map(([task, status]) => [
      task,
      status === "HELP" ? "IN_PROGRESS" : status,
    ]),
  );
}

function isAccepted({ statuses }: Calling, task: string): boolean {
  return statuses[task] === "ACCEPTED";
}
