/** Who calls for help, in the order in which the server says that it is their turn. Pure. */
import type { CallState, QueuedCall } from "../wire/generated";
import type { PersistentMap } from "../classroom/persistent";
import type { Student } from "../classroom/student";

/** A call as it stands in the queue. */
export interface Call {
  /** The place in the queue, from 0: of all calls, whatever their state. */
  readonly place: number;
  /** The id of the task; none if it is about something else. */
  readonly task: string | undefined;
  /** What it is about, in the student's words. */
  readonly note: string;
  /** In milliseconds of this browser's clock. */
  readonly since: number;
  readonly state: CallState;
  /** Who helps, if somebody does. */
  readonly by: string | undefined;
  /** How often this student was helped before. */
  readonly helped: number;
}

/** By the students' ids, in order. */
export type Queue = ReadonlyMap<number, Call>;

export const NOBODY_CALLS: Queue = new Map();

/** The queue as it came, at `at`, after the one of before. */
export function queued(calls: readonly QueuedCall[], before: Queue, at: number): Queue {
  return new Map(
    calls.map((call, place) => {
      const known = before.get(call.user_id)?.since ?? at;
      return [call.user_id, asCall(call, place, Math.min(known, at))];
    }),
  );
}

function asCall(call: QueuedCall, place: number, latest: number): Call {
  const { task, note, since, state, by, helped } = call;
  const said = Date.parse(since);
  return {
    place,
    task: task ?? undefined,
    note,
    // Nobody has waited since a time that is still to come: the clocks of server and browser differ.
    since: Number.isNaN(said) ? latest : Math.min(said, latest),
    state,
    by: by ?? undefined,
    helped,
  };
}

type Students = PersistentMap<number, Student>;

/** Everybody with the call that they have now: the same values where nothing is new. */
export function withCalls(students: Students, queue: Queue): Students {
  let all = students;
  for (const [id, student] of students) {
    const call = queue.get(id);
    if (!isSame(student.call, call)) {
      all = all.with(id, { ...student, call });
    }
  }
  return all;
}

function isSame(one: Call | undefined, other: Call | undefined): boolean {
  if (one === undefined || other === undefined) {
    return one === other;
  }
  return (Object.keys(one) as (keyof Call)[]).every((key) => one[key] === other[key]);
}

/** Whether somebody calls whom nobody helps yet, and who can be helped now. */
export function isWaiting({ call }: Pick<Student, "call">): boolean {
  return call?.state === "waiting";
}

/** Who is to be helped next: whoever waits, the first of them. */
export function nextOf(queue: Queue, isHere: (user: number) => boolean): number | undefined {
  return [...queue].find(([user, call]) => call.state === "waiting" && isHere(user))?.[0];
}
