/** What the parts of a lesson need of each other: the server, and the class as it is now. */
import type { Answer, Asked, Payload, Refusal } from "../wire/teacher";
import type { Classroom, Happening } from "./classroom";

export interface Desk {
  ask: <E extends Asked>(event: E, payload: Payload<E>) => Promise<Answer<E>>;
  /** The class as it is, also what is not shown yet. */
  latest: () => Classroom;
  /** Something that the teacher has done: shown at once. */
  act: (event: Happening) => void;
  /** Something of the wire: shown with everything else of this frame. */
  hear: (event: Happening) => void;
  /** Tells the teacher. */
  complain: (answer: Refusal) => void;
}
