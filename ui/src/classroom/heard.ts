/** What the server's events mean to the teacher's class. */
import type { Said, SaidPayload } from "../wire/teacher";
import type { Happening } from "./classroom";

type Means = { [E in Said]?: (payload: SaidPayload<E>, at: number) => Happening };

const MEANS = {
  "room/update": (update, at) => ({ type: "update", update, at }),
  "tasks/all": ({ rev, tasks, revealed = [], is_imported: isImported }) =>
    isImported ? { type: "tasks imported", tasks } : { type: "tasks", rev, tasks, revealed },
  "tasks/report": ({ user_id: user, statuses: steps }, at) => ({
    type: "statuses",
    user,
    steps,
    at,
  }),
  "help/queue": (calls, at) => ({ type: "queue", calls, at }),
  "run/report": (run, at) => ({ type: "ran", user: run.user_id, run, at }),
  "checks/report": (checks) => ({ type: "checked", user: checks.user_id, checks }),
  notice: (notice) => ({ type: "notice", notice }),
  signal: ({ user_id: user }, at) => ({ type: "signal", user, at }),
  "sharing/code_send": ({ user_id: user, files }, at) => ({ type: "tree", user, files, at }),
  "sharing/code_update": ({ user_id: user, files }, at) => ({ type: "files", user, files, at }),
  "sharing/left_out": ({ user_id: user, files }) => ({ type: "unsent", user, files }),
  "message/to_mentor": (message, at) => ({ type: "message", message, at }),
  "message/user": ({ user_id: user, messages }) => ({ type: "history", user, messages }),
} as const satisfies Means;

/** Events that change the class, and nothing besides. */
export type Told = keyof typeof MEANS;

export function isTold(event: string): event is Told {
  return event in MEANS;
}

/** What an event makes happen; `at` is when it came, in milliseconds of this browser's clock. */
export function happeningOf(event: Told, payload: unknown, at: number): Happening {
  // The table pairs each event with its own payload, which the type checker cannot follow here.
  return (MEANS[event] as (payload: unknown, at: number) => Happening)(payload, at);
}
