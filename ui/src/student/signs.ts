/**
 * What the page may say about others, in one place: `docs/topics/application.md` has the table.
 *
 * A sign that nobody can vouch for just now does not show: without a connection the page knows neither
 * whether the teacher is there, nor whether somebody watches, nor whether a call was heard.
 */
import type { State } from "./state";

export interface Signs {
  isConnected: boolean;
  teacher: "here" | "away" | "unknown";
  isWatched: boolean;
  /** What the student writes is kept as a history. */
  isRecorded: boolean;
  /** `unsent`: only this page knows; `waiting`: the server does; `known`: the teacher does. */
  call: "none" | "unsent" | "waiting" | "known";
}

export function signsOf(state: State): Signs {
  const isConnected = state.link === "open" && state.phase.name === "inside";
  const teacher = !isConnected ? "unknown" : state.isTeacherAway ? "away" : "here";
  const isWatched = teacher === "here" && state.isWatched;
  const isRecorded = isConnected && state.rules?.is_recorded === true;
  return { isConnected, teacher, isWatched, isRecorded, call: callOf(state, teacher) };
}

function callOf(state: State, teacher: Signs["teacher"]): Signs["call"] {
  if (state.call === undefined) {
    return "none";
  }
  // What the server keeps, it tells a teacher who is there at once, and one who is away later.
  return !state.isCallReported || teacher === "unknown"
    ? "unsent"
    : teacher === "away"
      ? "waiting"
      : "known";
}
