/**
 * The teacher's class while the page is open: what is asked of the server, and what is made of what
 * it says. The state itself is in `classroom.ts`.
 */
import { has, t } from "../i18n";
import { toast, type Kind } from "../parts/toasts.svelte";
import type { Step } from "../wire/generated";
import { againAfterS } from "../wire/later";
import type { Link } from "../wire/socket";
import { Store } from "../wire/store.svelte";
import {
  TeacherWire,
  type Answer,
  type Asked,
  type Listener,
  type Payload,
  type Refusal,
  type Said,
  type SaidPayload,
} from "../wire/teacher";
import { marksOf, OUTSIDE, reduce, type Classroom, type Happening } from "./classroom";
import { happeningOf, isTold, type Told } from "./heard";
import { isOnline, type Student } from "./student";
import { parseIgnores } from "./ignores";
import { beginWith, countOf, keepEnded } from "./keeping";
import { BoardLook, ResultsLook } from "./look.svelte";
import { Windows } from "./others";
import {
  forgetClass,
  keepLive,
  keepMarks,
  keepName,
  keepTicket,
  keptLive,
  marksFor,
  runningClass,
  ticketIn,
  ticketOf,
  type Ticket,
} from "./remembered";
import { Replies } from "./replies";
import { Shown } from "./shown.svelte";

const PROTOCOL = 2;
const KEEP_MARKS_EVERY_MS = 3_000;
const RETRY_ENTRY_MS = 2_000;
// Answers to tries of entering that no second try changes.
const ENDED = new Set([
  "room_not_found",
  "user_not_found",
  "wrong_token",
  "token_required",
  "not_host",
]);
const INFORM_AFTER_MS = 500;
const KINDS: Record<string, Kind> = { SUCCESS: "good", WARNING: "warning" };

export class Lesson implements Listener {
  readonly store = new Store<Classroom, Happening>({ ...OUTSIDE, isLive: keptLive() }, reduce);
  readonly shown = new Shown();
  readonly board = new BoardLook();
  readonly results = new ResultsLook();
  private readonly wire = new TeacherWire(this);
  readonly replies = new Replies({
    ask: (event, payload) => this.wire.ask(event, payload),
    latest: () => this.store.latest,
    act: (event) => this.act(event),
    complain: (answer) => this.complain(answer),
  });
  private readonly windows = new Windows();
  private ticket: Ticket | undefined;
  /** Until the notice that ends it: the tasks themselves come before. */
  private isImporting = false;
  private entries = 0;
  /** What a class that is being opened begins with. */
  private beginning: readonly Step[] = [];
  private marking: ReturnType<typeof setInterval> | undefined;

  get state(): Classroom {
    return this.store.state;
  }

  get filesToIgnore(): string {
    return this.ticket?.filesToIgnore ?? "";
  }

  /** What lets another browser in. */
  get key(): Ticket | undefined {
    return this.ticket;
  }

  // Coming and going

  /** Enters the class of the address, or the one that was running. */
  async begin(): Promise<void> {
    addEventListener("pagehide", () => this.keepMarks());
    // A key that is put into the address of a page that is open already loads nothing.
    addEventListener("hashchange", () => this.enterByAddress());
    if (this.enterByAddress()) {
      return;
    }
    const running = ticketOf(Number(location.hash.slice(1))) ?? runningClass(Date.now());
    if (running === undefined) {
      return;
    }
    this.shown.isLooking = true;
    const isElsewhere = await this.windows.isElsewhere(running.room);
    this.shown.isLooking = false;
    if (isElsewhere) {
      showInAddress(0);
    } else {
      this.enter(running);
    }
  }

  private enterByAddress(): boolean {
    const handed = ticketIn(location.hash);
    if (handed === undefined) {
      return false;
    }
    if (this.ticket !== undefined && this.ticket.room !== handed.room) {
      this.leave();
    }
    this.enter(handed);
    return true;
  }

  /** Opens a class of one's own; the tasks are drafts in it, and not sent. */
  async create(name: string, tasks: readonly Step[] = []): Promise<void> {
    this.beginning = tasks;
    this.shown.problem = undefined;
    this.shown.isAsking = true;
    keepName(name);
    this.ticket = undefined;
    try {
      await this.connected();
      const answer = await this.wire.ask("room/create", { name, protocol: PROTOCOL });
      this.shown.problem = answer.isDone ? undefined : problemText(answer);
    } finally {
      this.shown.isAsking = false;
    }
  }

  /** Goes (back) into a class that this browser has a ticket for. */
  enter(ticket: Ticket): void {
    this.ticket = ticket;
    this.act({
      type: "entering",
      room: ticket.room,
      host: ticket.user,
      marks: marksFor(ticket.room),
      ignores: parseIgnores(ticket.filesToIgnore),
    });
    showInAddress(ticket.room);
    if (this.wire.isOpen) {
      void this.rehost(ticket);
    } else {
      this.wire.open();
    }
  }

  /** Takes the class back from the window that has it. */
  takeBack(): void {
    if (this.ticket) {
      this.enter(this.ticket);
    }
  }

  /** Goes out and leaves the class as it is, to come back or never. */
  leave(): void {
    this.keepMarks();
    if (this.ticket) {
      keepTicket({ ...this.ticket, isRunning: false });
    }
    this.goOut({ type: "left" });
  }

  async close(): Promise<boolean> {
    const { room } = this.store.latest;
    const isDone = await this.do("room/close", { room_id: room });
    if (isDone) {
      forgetClass(room);
      this.goOut({ type: "phase", phase: "closed" });
    }
    return isDone;
  }

  retry(): void {
    this.wire.open();
  }

  private goOut(event: Happening): void {
    clearInterval(this.marking);
    this.windows.hold(0);
    this.ticket = undefined;
    showInAddress(0);
    this.wire.close();
    this.act(event);
  }

  private async connected(): Promise<void> {
    if (!this.wire.isOpen) {
      const opened = new Promise<void>((resolve) => (this.shown.opened = resolve));
      this.wire.open();
      await opened;
    }
  }

  private async rehost(ticket: Ticket): Promise<void> {
    const answer = await this.wire.ask("room/rehost", {
      room_id: ticket.room,
      user_id: ticket.user,
      token: ticket.token,
      protocol: PROTOCOL,
    });
    if (answer.isDone || ticket !== this.ticket) {
      return;
    }
    if (ENDED.has(answer.code)) {
      // A wrong key in an address costs nobody the right one.
      if (ticketOf(ticket.room)?.token === ticket.token) {
        keepEnded(ticket.room, this.store.latest.tasks, Date.now());
        forgetClass(ticket.room);
      }
      this.goOut({ type: "phase", phase: "gone" });
    } else if (this.wire.isOpen) {
      toast(problemText(answer), "problem");
      setTimeout(
        () => void this.rehost(ticket),
        (answer.retryAfterS ?? 0) * 1_000 + RETRY_ENTRY_MS,
      );
    }
  }

  // What the server says

  link(link: Link): void {
    this.shown.link = link;
    if (link !== "open") {
      this.act({ type: "cut" });
    }
    if (link === "open") {
      this.shown.opened?.();
      if (this.ticket) {
        this.enter(this.ticket);
      }
    }
  }

  taken(): void {
    this.shown.link = "ended";
    this.act({ type: "cut" });
    this.windows.hold(0);
    this.act({ type: "phase", phase: "taken" });
  }

  said<E extends Said>(event: E, payload: SaidPayload<E>): void {
    if (event === "room/update") {
      this.updated(payload as SaidPayload<"room/update">);
    } else if (isTold(event)) {
      this.hear(happeningOf(event, payload, Date.now()));
    } else {
      const tells = this.tells as Partial<Record<Said, (payload: unknown) => void>>;
      tells[event]?.(payload);
    }
  }

  private readonly tells: {
    [E in Exclude<Said, Told>]: (payload: SaidPayload<E>) => void;
  } = {
    message: ({ message }) => toast(message),
    alerts: ({ message, type, left_out: leftOut }) =>
      leftOut ? this.act({ type: "import incomplete", leftOut }) : this.alerted(message, type),
    error: ({ message, code }) =>
      toast(problemText({ isDone: false, code, message, retryAfterS: undefined }), "problem"),
  };

  private updated(update: SaidPayload<"room/update">): void {
    const isEntry = this.store.latest.phase !== "inside";
    if (isEntry && this.ticket === undefined) {
      this.receiveTicket(update);
    }
    this.hear(happeningOf("room/update", update, Date.now()));
    if (isEntry) {
      this.entered(update.users[0]?.name ?? "");
    }
    this.watchWhoIsWanted();
  }

  private receiveTicket(update: SaidPayload<"room/update">): void {
    const { id: room, host: user, token = "" } = update;
    const name = update.users[0]?.name ?? "";
    this.ticket = { room, user, token, name, at: 0, isRunning: true, filesToIgnore: "" };
    showInAddress(room);
    if (this.beginning.length > 0) {
      beginWith(room, this.beginning);
      toast(t("classroom.start.ready", { count: countOf(this.beginning) }), "good");
    }
  }

  private entered(teacher: string): void {
    if (this.ticket) {
      // Whoever was handed the class does not know the teacher's name before.
      const name = this.ticket.name || teacher;
      this.ticket = { ...this.ticket, name, at: Date.now(), isRunning: true };
      keepTicket(this.ticket);
      this.windows.hold(this.ticket.room);
    }
    this.replies.enter(this.store.latest.room);
    clearInterval(this.marking);
    this.marking = setInterval(() => this.keepMarks(), KEEP_MARKS_EVERY_MS);
    this.entries += 1;
    void this.catchUp(this.entries);
  }

  /** What was missed, one student after another, so that nothing waits for it. */
  private async catchUp(entry: number): Promise<void> {
    for (const [id, { sid, project }] of this.store.latest.students) {
      await this.askPatiently("message/user", { user_id: id });
      if (sid === "" && !project.isWhole) {
        await this.askForFiles(id);
      }
      if (entry !== this.entries || this.store.latest.phase !== "inside") {
        return;
      }
    }
  }

  /** For many questions in a row, of which a server may take some only later. */
  private async askPatiently<E extends Asked>(event: E, payload: Payload<E>): Promise<Answer> {
    const answer = await this.wire.ask(event, payload);
    const again = answer.isDone ? undefined : againAfterS(answer.code, answer.retryAfterS);
    if (again === undefined) {
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, again * 1_000));
    return this.askPatiently(event, payload);
  }

  private alerted(message: string, type: "INFO" | "SUCCESS" | "WARNING" | "ERROR"): void {
    const isImport = this.isImporting && type !== "INFO";
    if (isImport) {
      this.isImporting = false;
      this.act({ type: "importing", isImporting: false });
    }
    if (isImport && type === "SUCCESS") {
      toast(t("classroom.import.done"), "good");
    } else if (type === "INFO") {
      // That another window takes the class over is told so; the page says it by itself, and better.
      setTimeout(() => this.showIfInside(message), INFORM_AFTER_MS);
    } else {
      toast(message, KINDS[type] ?? "problem");
    }
  }

  private showIfInside(message: string): void {
    if (this.store.latest.phase === "inside") {
      toast(message);
    }
  }

  // Watching

  setLive(isLive: boolean): void {
    keepLive(isLive);
    this.act({ type: "live", isLive });
    this.watchWhoIsWanted();
  }

  open(user: number, isBeside: boolean): void {
    const student = this.store.latest.students.get(user);
    this.act({ type: "opened", user, isBeside });
    this.watchWhoIsWanted();
    if (student && !isOnline(student) && !student.project.isWhole) {
      void this.askForFiles(user);
    }
  }

  shut(user: number): void {
    this.act({ type: "shut", user });
    this.watchWhoIsWanted();
  }

  private watchWhoIsWanted(): void {
    const { students, isLive, open } = this.store.latest;
    for (const student of students.values()) {
      const isWanted = isOnline(student) && (isLive || open.includes(student.id));
      const sid = isWanted ? student.sid : "";
      if (sid !== student.watchedSid) {
        this.hear({ type: "watched", user: student.id, sid });
        void this.watch(student, sid);
      }
    }
  }

  private async watch(student: Student, sid: string): Promise<void> {
    const room_id = this.store.latest.room;
    if (sid !== "") {
      const start = { room_id, user_id: student.id, exclusive: false };
      // If it fails: of somebody who has left the next list tells, and whoever enters anew begins
      // with all of this anew.
      await this.askPatiently("sharing/start", start);
    } else if (isOnline(student)) {
      await this.askPatiently("sharing/end", { room_id, user_id: student.id });
    }
  }

  private async askForFiles(user: number): Promise<void> {
    const { room } = this.store.latest;
    const start = { room_id: room, user_id: user, exclusive: false };
    await this.askPatiently("sharing/start", start);
  }

  // What the teacher does

  read(user: number): void {
    this.act({ type: "read", user });
    this.keepMarks();
  }

  look(user: number, filename: string): void {
    this.act({ type: "looked", user, filename });
  }

  /** Barred, they do not come in again under this name. */
  async remove(user: number, isBarred = false): Promise<void> {
    if (await this.do("room/kill", { user_id: user, is_barred: isBarred })) {
      this.shut(user);
    }
  }

  async lock(isLocked: boolean): Promise<void> {
    const state = isLocked ? "locked" : "open";
    if (await this.do("door/set", { state })) {
      toast(t(`classroom.door.${state}`), "good");
    }
  }

  async showResultsPage(isShown: boolean): Promise<void> {
    if (await this.do("rules/set", { has_results_page: isShown })) {
      toast(t(`classroom.results.${isShown ? "shown" : "hidden"}`), "good");
    }
  }

  async handOut(steps: readonly Step[]): Promise<boolean> {
    const isDone = await this.do("steps/all", [...steps]);
    if (isDone) {
      this.act({ type: "tasks sent", steps });
      toast(t("classroom.tasks_sent"), "good");
    }
    return isDone;
  }

  /** The editor has what was imported. */
  importTaken(): void {
    this.act({ type: "import taken" });
  }

  async importFrom(url: string): Promise<void> {
    this.isImporting = true;
    this.act({ type: "importing", isImporting: true });
    if (!(await this.do("steps/import", { url }))) {
      this.isImporting = false;
      this.act({ type: "importing", isImporting: false });
    }
  }

  async ignoreFiles(text: string): Promise<Answer> {
    const answer = await this.wire.ask("settings", { files_to_ignore: text });
    if (answer.isDone && this.ticket) {
      this.ticket = { ...this.ticket, filesToIgnore: text };
      keepTicket(this.ticket);
      this.act({ type: "ignoring", ignores: parseIgnores(text) });
    }
    return answer;
  }

  private async do<E extends Asked>(event: E, payload: Payload<E>): Promise<boolean> {
    const answer = await this.wire.ask(event, payload);
    if (!answer.isDone) {
      this.complain(answer);
    }
    return answer.isDone;
  }

  private complain(answer: Refusal): void {
    toast(problemText(answer), "problem");
  }

  private act(event: Happening): void {
    this.store.act(event);
  }

  private hear(event: Happening): void {
    this.store.hear(event);
  }

  private keepMarks(): void {
    const state = this.store.latest;
    if (this.ticket && state.phase === "inside") {
      keepMarks(state.room, marksOf(state));
    }
  }
}

/** What a refusal means, in the visitor's language if it is one that we know. */
export function problemText(answer: Refusal): string {
  const key = `classroom.problem.${answer.code}`;
  const seconds = Math.ceil(answer.retryAfterS ?? 1);
  return has(key) ? t(key, { seconds }) : answer.message.replace(/^Error: /, "");
}

// A reload, and a bookmark of this browser, lead back into the class.
function showInAddress(room: number): void {
  const { pathname, search } = location;
  history.replaceState(null, "", room === 0 ? pathname + search : `${pathname}${search}#${room}`);
}
