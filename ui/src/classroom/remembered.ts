/** What this browser remembers of the teacher's classes. */
import { forget, keep, kept, keptKeys } from "../wire/kept";
import { NO_MARKS, type Marks } from "./student";

/** What it takes to come back into a class: the `token`, or the secret key of its `teacher`. */
export interface Ticket {
  room: number;
  user: number;
  /** Empty where only the key is known. */
  token: string;
  /** Empty where nobody has told it. */
  teacher: string;
  /** The teacher's name. */
  name: string;
  /** What the class is called. */
  title: string;
  /** When the teacher was there last, in milliseconds since 1970. */
  at: number;
  /** Whether the teacher has neither left nor closed it. */
  isRunning: boolean;
  filesToIgnore: string;
}

const TICKET = "classroom/room/";
const MARKS = "classroom/marks/";
const OFF = "classroom/off";
// Each is the only key to a class: what is dropped here is lost. More than anybody teaches in a term.
const MOST_CLASSES = 200;
// A class that was left running is entered at once on the same day; later the teacher is asked.
const SAME_DAY_MS = 8 * 3_600_000;

export function keepTicket(ticket: Ticket): void {
  keep(TICKET + ticket.room, ticket);
  listAgain(ticket.room);
  for (const old of tickets().slice(MOST_CLASSES)) {
    forgetClass(old.room);
  }
}

/**
 * The address with which any browser is the class's teacher. The key is in the fragment: browsers send
 * that to no server, so it is in no log. Of a class of earlier it holds the token.
 */
export function keyLink(classroom: string, { room, user, token, teacher }: Ticket): string {
  return `${classroom}#${room}/${teacher === "" ? `${user}/${token}` : teacher}`;
}

/** The ticket of such an address; an administrator makes some with a token. */
export function ticketIn(hash: string): Ticket | undefined {
  const [, digits, user, token, key] =
    /^#(\d{6})\/(?:(\d+)\/([\w-]+)|([\w-]{16,}))$/.exec(hash) ?? [];
  if (digits === undefined) {
    return undefined;
  }
  const room = Number(digits);
  const known = ticketOf(room) ?? ticketBy("", room);
  // What this browser knows of the class is not asked: the link is to be good by itself.
  return key === undefined
    ? { ...known, user: Number(user), token: token ?? "", isRunning: true }
    : { ...known, token: "", teacher: key, isRunning: true };
}

/** What somebody with the key needs for a class that this browser does not know. */
export function ticketBy(teacher: string, room: number, title = ""): Ticket {
  const fresh = { user: 0, token: "", name: "", at: 0, isRunning: false, filesToIgnore: "" };
  return { ...fresh, room, teacher, title };
}

/** The classes that this browser knows, the last one first. */
export function tickets(): Ticket[] {
  return keptKeys(TICKET)
    .flatMap((key) => kept(key, asTicket) ?? [])
    .sort((one, other) => other.at - one.at);
}

export function ticketOf(room: number): Ticket | undefined {
  return kept(TICKET + room, asTicket);
}

export function forgetClass(room: number): void {
  forget(TICKET + room);
  forget(MARKS + room);
}

/** Forgets a class, and gives what brings it back. */
export function takeOff(ticket: Ticket): () => void {
  const marks = kept(MARKS + ticket.room, asMarks);
  forgetClass(ticket.room);
  keep(OFF, [...takenOff(), ticket.room].slice(-MOST_CLASSES));
  return () => {
    keepTicket(ticket);
    if (marks !== undefined) {
      keepMarks(ticket.room, marks);
    }
  };
}

/** Classes that the teacher wants on no list, though they belong to the key. */
export function takenOff(): number[] {
  return kept(OFF, asRooms) ?? [];
}

function listAgain(room: number): void {
  const off = takenOff();
  if (off.includes(room)) {
    keep(
      OFF,
      off.filter((other) => other !== room),
    );
  }
}

/** The class that was running when the teacher was here last. */
export function runningClass(now: number): Ticket | undefined {
  return tickets().find((ticket) => ticket.isRunning && now - ticket.at < SAME_DAY_MS);
}

export function keepMarks(room: number, marks: Marks): void {
  keep(MARKS + room, marks);
}

export function marksFor(room: number): Marks {
  return kept(MARKS + room, asMarks) ?? NO_MARKS;
}

function asRooms(value: unknown): number[] | undefined {
  return Array.isArray(value) ? value.filter((room) => typeof room === "number") : undefined;
}

function asTicket(value: unknown): Ticket | undefined {
  const ticket = value as Partial<Ticket> | null;
  const isWhole =
    Number.isInteger(ticket?.room) &&
    Number.isInteger(ticket?.user) &&
    typeof ticket?.token === "string" &&
    typeof ticket.name === "string" &&
    typeof ticket.at === "number";
  const later = { isRunning: false, filesToIgnore: "", teacher: "", title: "" };
  return isWhole ? ({ ...later, ...ticket } as Ticket) : undefined;
}

function asMarks(value: unknown): Marks | undefined {
  return typeof value === "object" && value !== null
    ? { ...NO_MARKS, ...(value as Partial<Marks>) }
    : undefined;
}

/** The secret key of who teaches here: new classes and sets of tasks belong to it. */
export function keptKey(): string {
  return kept("classroom/key", asText) ?? "";
}

export function keepKey(key: string): void {
  keep("classroom/key", key);
}

export function forgetKey(): void {
  forget("classroom/key");
}

// Preferences

export function keptName(): string {
  return kept("classroom/name", asText) ?? "";
}

export function keepName(name: string): void {
  keep("classroom/name", name);
}

/** Whether everybody's code is watched; so it is until the teacher turns it off. */
export function keptLive(): boolean {
  return (
    kept("classroom/live", (value) => (typeof value === "boolean" ? value : undefined)) ?? true
  );
}

export function keepLive(isLive: boolean): void {
  keep("classroom/live", isLive);
}

/** The address that students use, if the teacher has changed it. */
export function keptAddress(): string {
  return kept("classroom/address", asText) ?? "";
}

export function keepAddress(address: string): void {
  keep("classroom/address", address);
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
