/**
 * The teacher's class while the page is open: what is asked of the server, and what is made of what
 * it says. The state itself is in `classroom.ts`.
 */
import { Accepting } from "../board/accepting";
import { Helper } from "../board/helper";
import type { Place } from "../board/reports";
import { t } from "../i18n";
import { toast } from "../parts/toasts.svelte";
import type { Task } from "../wire/generated";
import type { Link } from "../wire/socket";
import { Store } from "../wire/store.svelte";
import {
  TeacherWire,
  type Answer,
  type Asked,
  type Listener,
  type Parting,
  type Payload,
  type Refusal,
  type Said,
  type SaidPayload,
} from "../wire/teacher";
import { Announcing } from "./announcing";
import { marksOf, OUTSIDE, reduce, type Classroom, type Happening } from "./classroom";
import type { Desk } from "./desk";
import { HandingOut } from "./handingout";
import { happeningOf, isTold, type Told } from "./heard";
import { parseIgnores } from "./ignores";
import { beginWith, countOf, keepEnded } from "./keeping";
import { Library } from "./library.svelte";
import { BoardLook, ResultsLook } from "./look.svelte";
import { Windows } from "./others";
import { problemText } from "./problems";
import {
  forgetClass,
  forgetKey,
  keepKey,
  keepLive,
  keepMarks,
  keepName,
  keepTicket,
  keptKey,
  keptLive,
  marksFor,
  runningClass,
  ticketBy,
  ticketIn,
  ticketOf,
  type Ticket,
} from "./remembered";
import { Replies } from "./replies";
import { Shown } from "./shown.svelte";
import { isOnline } from "./student";
import { Watching } from "./watching";

const PROTOCOL = 3;
const KEEP_MARKS_EVERY_MS = 3_000;
const RETRY_ENTRY_MS = 2_000;
// Answers to tries of entering that no second try changes.
const ENDED = new Set([
  "room_not_found",
  "user_not_found",
  "wrong_token",
  "token_required",
  "wrong_key",
  "not_host",
]);

export class Lesson implements Listener {
  readonly store = new Store<Classroom, Happening>({ ...OUTSIDE, isLive: keptLive() }, reduce);
  readonly shown = new Shown();
  readonly board = new BoardLook();
  readonly results = new ResultsLook();
  private readonly wire = new TeacherWire(this);
  private readonly desk: Desk = {
    ask: (event, payload) => this.wire.ask(event, payload),
    latest: () => this.store.latest,
    act: (event) => this.act(event),
    hear: (event) => this.hear(event),
    complain: (answer) => this.complain(answer),
  };
  readonly replies = new Replies(this.desk);
  readonly announcing = new Announcing(this.desk);
  readonly handingOut = new HandingOut(this.desk, () => this.enterAnew());
  /** Of the class's key, where it has one. */
  readonly library = new Library(this.desk.ask, () => this.ticket?.teacher || keptKey());
  readonly accepting = new Accepting(this.desk);
  readonly helper = new Helper(this.desk, (user) => this.open(user, false));
  private readonly watching = new Watching(this.desk);
  private readonly windows = new Windows();
  private ticket: Ticket | undefined;
  /** What a class that is being opened begins with. */
  private beginning: readonly Task[] = [];
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

  /** Asks which classes belong to the key of this browser. */
  async lookForClasses(): Promise<void> {
    if (this.library.hasKey) {
      await this.connected();
      await this.library.refresh();
    }
  }

  /** Opens a class of one's own; the tasks are drafts in it, and not sent. */
  async create(name: string, title = "", tasks: readonly Task[] = []): Promise<void> {
    this.beginning = tasks;
    this.shown.problem = undefined;
    this.shown.isAsking = true;
    keepName(name);
    this.ticket = undefined;
    try {
      await this.connected();
      const answer = await this.askForClass(name, title);
      this.shown.problem = answer.isDone ? undefined : problemText(answer);
    } finally {
      this.shown.isAsking = false;
    }
  }

  /** It belongs to the key of this browser. One that the server knows no more is given up for a new one. */
  private async askForClass(name: string, title: string): Promise<Answer> {
    const teacher = keptKey();
    const called = { name, protocol: PROTOCOL, ...(title !== "" && { title }) };
    if (teacher === "") {
      return this.wire.ask("room/create", called);
    }
    const answer = await this.wire.ask("room/create", { ...called, teacher });
    if (answer.isDone || answer.code !== "wrong_key") {
      return answer;
    }
    forgetKey();
    return this.wire.ask("room/create", called);
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

  /** Over a new connection, by which the server tells everything again. */
  private enterAnew(): void {
    this.wire.close();
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

  /** By the token, or by the teacher's key where that is all that is left. */
  private async rehost(ticket: Ticket, isByToken = ticket.token !== ""): Promise<void> {
    const { room: room_id, user: user_id, token, teacher } = ticket;
    const place = isByToken ? { room_id, user_id, token } : { room_id, teacher };
    const answer = await this.wire.ask("room/rehost", { ...place, protocol: PROTOCOL });
    if (answer.isDone || ticket !== this.ticket) {
      return;
    }
    if (isByToken && teacher !== "" && answer.code === "wrong_token") {
      await this.rehost(ticket, false);
    } else if (ENDED.has(answer.code)) {
      this.ended(ticket);
    } else if (this.wire.isOpen) {
      toast(problemText(answer), "problem");
      setTimeout(
        () => void this.rehost(ticket, isByToken),
        (answer.retryAfterS ?? 0) * 1_000 + RETRY_ENTRY_MS,
      );
    }
  }

  private ended(ticket: Ticket): void {
    const known = ticketOf(ticket.room);
    // A wrong key in an address costs nobody the right one.
    if (known?.token === ticket.token && known.teacher === ticket.teacher) {
      keepEnded(ticket.room, this.store.latest.handout, Date.now());
      forgetClass(ticket.room);
    }
    this.goOut({ type: "phase", phase: "gone" });
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

  taken(why: Parting): void {
    this.shown.link = "ended";
    this.act({ type: "cut" });
    this.windows.hold(0);
    this.act({ type: "phase", phase: why });
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
    alerts: (alert) => this.handingOut.told(alert),
    error: ({ message, code }) =>
      toast(problemText({ isDone: false, code, message, retryAfterS: undefined }), "problem"),
  };

  private updated(update: SaidPayload<"room/update">): void {
    const isEntry = this.store.latest.phase !== "inside";
    if (isEntry && this.ticket === undefined) {
      this.opened(update);
    }
    this.hear(happeningOf("room/update", update, Date.now()));
    if (isEntry) {
      this.entered(update);
    }
    this.watching.watchWhoIsWanted();
  }

  /** A class that was made here. */
  private opened({ id: room, teacher }: SaidPayload<"room/update">): void {
    this.ticket = ticketBy(teacher ?? keptKey(), room);
    showInAddress(room);
    if (this.beginning.length > 0) {
      beginWith(room, this.beginning);
      toast(t("classroom.start.ready", { count: countOf(this.beginning) }), "good");
    }
  }

  private entered({ users, host, token, title = "" }: SaidPayload<"room/update">): void {
    if (this.ticket) {
      this.ticket = {
        ...this.ticket,
        user: host,
        token: token ?? this.ticket.token,
        // Whoever was handed the class does not know the teacher's name before.
        name: this.ticket.name || (users[0]?.name ?? ""),
        title,
        at: Date.now(),
        isRunning: true,
      };
      this.keepAll(this.ticket);
    }
    this.replies.enter(this.store.latest.room);
    this.announcing.enter(this.store.latest.room);
    clearInterval(this.marking);
    this.marking = setInterval(() => this.keepMarks(), KEEP_MARKS_EVERY_MS);
    void this.watching.catchUp();
  }

  private keepAll(ticket: Ticket): void {
    keepTicket(ticket);
    if (keptKey() === "" && ticket.teacher !== "") {
      keepKey(ticket.teacher);
    }
    this.windows.hold(ticket.room);
  }

  // Watching

  setLive(isLive: boolean): void {
    keepLive(isLive);
    this.act({ type: "live", isLive });
    this.watching.watchWhoIsWanted();
  }

  open(user: number, isBeside: boolean): void {
    const student = this.store.latest.students.get(user);
    this.board.place = undefined;
    this.act({ type: "opened", user, isBeside });
    this.watching.watchWhoIsWanted();
    if (student && !isOnline(student) && !student.project.isWhole) {
      void this.watching.askForFiles(user);
    }
  }

  /** Opens a student at a line of a file. */
  goTo(user: number, place: Place): void {
    this.open(user, false);
    this.board.place = { user, ...place };
  }

  shut(user: number): void {
    this.act({ type: "shut", user });
    this.watching.watchWhoIsWanted();
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

  /** Those that are not given stay. */
  async setRules(rules: Payload<"rules/set">): Promise<boolean> {
    return this.do("rules/set", rules);
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

// A reload, and a bookmark of this browser, lead back into the class.
function showInAddress(room: number): void {
  const { pathname, search } = location;
  history.replaceState(null, "", room === 0 ? pathname + search : `${pathname}${search}#${room}`);
}
