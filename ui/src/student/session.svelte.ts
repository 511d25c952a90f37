/** One student's class on this page: hears the wire, keeps what has to last, tells what happens. */
import { has, t } from "../i18n";
import type { Status } from "../class/status";
import { titleOf } from "../class/tasks";
import { toast } from "../parts/toasts.svelte";
import type { ErrorPayload, GivenPass, Reviewed } from "../wire/generated";
import { Store } from "../wire/store.svelte";
import { StudentWire, type Answer, type Heard } from "../wire/student";
import { AtHand } from "./athand.svelte";
import { Outgoing } from "./outgoing";
import { EMPTY, isBlank, withFiles, type Project } from "./project";
import { lastRecorded } from "./recorded";
import {
  asideIn,
  bringBack,
  forgetIn,
  keepUnsaid,
  putAside,
  remember,
  rememberedIn,
  rememberedProject,
  rememberName,
  rememberProject,
  unsaidIn,
  type Read,
  type Remembered,
} from "./remembered";
import { Reports } from "./reports";
import { shareable } from "./sharing";
import { signsOf, type Signs } from "./signs";
import {
  asRefusal,
  begin,
  reduce,
  unread,
  unreadNotices,
  unsaid,
  type Event,
  type Said,
  type State,
} from "./state";
import { Talking } from "./talking.svelte";
import { Telling } from "./telling";

// After the server has sent us away, or cannot let us in now.
const AGAIN_MS = 600;
const PATIENCE_S = 3;
const SAVE_MS = 400;

type Follow<H> = (heard: H, before: State) => void;

export class StudentSession {
  private readonly store: Store<State, Event>;
  private readonly wire: StudentWire;
  private readonly outgoing: Outgoing;
  private readonly telling: Telling;
  readonly reports: Reports;
  readonly talk: Talking;
  readonly atHand = new AtHand(this);
  private wanted: string | undefined;
  /** For a place that is somebody's already. */
  private wantedPass: string | undefined;
  private againTimer: ReturnType<typeof setTimeout> | undefined;
  private saveTimer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the place in the room was taken up on this connection. */
  private isHere = false;

  project: Project = $state.raw(EMPTY);
  /** Whether the student looks at the chat. */
  isReading = false;
  /** What was written on another device is on its way here. */
  isBringing = $state(false);
  /** Whether the project will outlive the page. */
  isKept = $state(true);

  constructor(readonly room: number) {
    const who = rememberedIn(room);
    const me = who && { id: who.id, name: who.name, token: who.token };
    this.project = rememberedProject(room) ?? EMPTY;
    this.aside = asideIn(room);
    this.store = new Store(begin(me, who?.read, who && unsaidIn(room, who.id)), reduce);
    this.wire = new StudentWire(room, (heard) => this.hear(heard));
    this.outgoing = new Outgoing({
      tree: (files, isRecorded) => this.wire.sendTree(files, isRecorded),
      update: (files, isRecorded, isPasted) => this.wire.sendFiles(files, isRecorded, isPasted),
      leftOut: (files) => this.wire.sayLeftOut(files),
      shareable: (known) => shareable(this.project.files, this.store.latest.ignores, known),
      refused: (refusal) => this.tellRefusal(refusal),
    });
    this.talk = new Talking({
      room,
      me: () => this.store.latest.me?.id ?? 0,
      isHere: () => this.isHere,
      say: (content, key) => this.wire.say(content, key),
      askHistory: (id) => this.wire.askHistory(id),
      said: (content, sent) => this.store.act({ kind: "said", content, ...sent }),
      refused: (refusal) => this.tellRefusal(refusal),
    });
    this.reports = new Reports({
      run: (report) => this.wire.reportRun(report),
      checks: (report) => this.wire.reportChecks(report),
      isHere: () => this.isHere,
    });
    this.telling = new Telling({
      state: () => this.store.latest,
      isHere: () => this.isHere,
      report: (statuses) => this.wire.report(statuses),
      ask: (task, note) => this.wire.askForHelp(task, note),
      pause: (isPaused) => this.wire.pauseHelp(isPaused),
      cancel: () => this.wire.cancelHelp(),
      told: (event) => this.act(event),
      refused: (refusal) => this.tellRefusal(refusal),
    });
  }

  get state(): State {
    return this.store.state;
  }

  open(): void {
    this.wire.connect();
  }

  close(): void {
    clearTimeout(this.againTimer);
    this.telling.stop();
    this.reports.stop();
    this.outgoing.end();
    this.talk.stop();
    this.saveNow();
    this.wire.disconnect();
  }

  /** Try at once to reach the server. */
  retry(): void {
    if (this.store.latest.phase.name !== "over") {
      this.wire.retry();
    }
  }

  // Ways in and out

  join(name: string): void {
    const known = this.aside.find((who) => who.name.toLowerCase() === name.toLowerCase());
    if (known !== undefined) {
      this.comeBack(known.id);
      return;
    }
    this.wanted = name;
    rememberName(name);
    this.store.act({ kind: "knocks" });
    this.wire.connect();
    if (this.wire.isOpen) {
      void this.enter();
    }
  }

  /** Takes up the place that a pass is for; who has one in this browser steps aside. */
  comeBy(pass: string): void {
    this.stepAside();
    this.wantedPass = pass;
    this.store.act({ kind: "knocks" });
    this.wire.connect();
    if (this.wire.isOpen) {
      void this.enter();
    }
  }

  /** A pass to this place, for another device; or why there is none. */
  async pass(): Promise<GivenPass | string> {
    const answer = await this.wire.pass();
    if (answer === "lost") {
      return t("student.not_reached");
    }
    return "code" in answer ? refusalText(answer) : answer;
  }

  async leave(): Promise<void> {
    const answer = await this.wire.leave();
    if (answer !== "done") {
      this.tellRefusal(answer);
      return;
    }
    this.end("left");
  }

  /** Others of this class whose places wait in this browser. */
  aside: readonly Remembered[] = $state.raw([]);

  /** Makes room for somebody else at this computer; nothing is lost, and nobody has left. */
  stepAside(): void {
    const { me, read } = this.store.latest;
    if (me === undefined) {
      return;
    }
    this.saveNow();
    // What the storage does not take is in memory, for as long as the page is there.
    putAside(this.room, { ...me, read }, this.project);
    this.turnTo(EMPTY);
    this.store.act({ kind: "anew" });
    this.wire.connect();
  }

  /** Goes on as somebody whose place waits here. */
  comeBack(id: number): void {
    const who = bringBack(this.room, id);
    if (who === undefined) {
      return;
    }
    const { read, ...me } = who;
    this.turnTo(rememberedProject(this.room) ?? EMPTY);
    rememberName(me.name);
    this.store.act({ kind: "returns", me, read, unsaid: unsaidIn(this.room, me.id) });
    this.wire.connect();
  }

  /** Another student's files; nothing of the one before goes on. */
  private turnTo(project: Project): void {
    this.telling.stop();
    this.reports.forget();
    this.atHand.forget();
    this.outgoing.end();
    this.talk.close();
    this.wire.disconnect();
    this.isHere = false;
    this.wanted = undefined;
    this.wantedPass = undefined;
    this.project = project;
    this.aside = asideIn(this.room);
  }

  /** Back to the door, after the end. */
  anew(): void {
    this.store.act({ kind: "anew" });
    this.wire.connect();
  }

  private async enter(): Promise<void> {
    clearTimeout(this.againTimer);
    const { me, phase } = this.store.latest;
    if (phase.name === "over") {
      return;
    }
    if (me !== undefined) {
      this.rejoined(await this.wire.rejoin(me.id, me.token));
    } else if (this.wantedPass !== undefined) {
      this.joined(await this.wire.joinBy(this.wantedPass));
    } else if (this.wanted !== undefined) {
      this.joined(await this.wire.join(this.wanted));
    }
  }

  private joined(answer: Answer): void {
    if (answer === "lost") {
      this.again();
    } else if (answer !== "done") {
      this.wanted = undefined;
      this.wantedPass = undefined;
      this.store.act({ kind: "refused", refusal: asRefusal(answer) });
    }
  }

  private rejoined(answer: Answer): void {
    if (answer === "done") {
      return;
    }
    if (answer === "lost") {
      this.again();
      return;
    }
    switch (answer.code) {
      case "user_not_found":
        return this.end("removed");
      case "room_not_found":
        return this.end("closed");
      case "wrong_token":
      case "token_required":
        this.talk.close();
        forgetIn(this.room);
        this.store.act({ kind: "anew", refusal: asRefusal(answer) });
        return;
      default:
        this.store.act({ kind: "waits", refusal: asRefusal(answer) });
        this.again((answer.retry_after_s ?? PATIENCE_S) * 1_000);
    }
  }

  /** Connects if need be, and asks for the place in the room again. */
  private again(wait = AGAIN_MS): void {
    clearTimeout(this.againTimer);
    this.againTimer = setTimeout(() => {
      if (this.wire.isOpen) {
        void this.enter();
      } else {
        this.wire.connect();
      }
    }, wait);
  }

  private end(why: "removed" | "closed" | "taken" | "left"): void {
    this.talk.close();
    if (why !== "taken") {
      forgetIn(this.room);
    }
    this.store.act({ kind: "over", why });
    this.wanted = undefined;
    this.outgoing.end();
    this.saveNow();
    this.wire.disconnect();
  }

  // What arrives

  private hear(heard: Heard): void {
    const before = this.store.latest;
    if (before.phase.name === "over" && heard.kind !== "link") {
      return;
    }
    this.store.hear(heard);
    const follow = this.following[heard.kind] as Follow<Heard> | undefined;
    follow?.(heard, before);
  }

  /** What follows from what was heard; the state has changed already, `before` is the earlier one. */
  private readonly following: { [K in Heard["kind"]]?: Follow<Extract<Heard, { kind: K }>> } = {
    link: ({ link }) => this.heardLink(link),
    joined: () => this.heardJoined(),
    tasks: (_, before) => this.heardTasks(before),
    reviewed: ({ review }, before) => this.heardReview(before, review),
    revealed: ({ revealed }) =>
      toast(t("student.tasks.revealed", { title: this.titleOf(revealed.task) })),
    watching: ({ isWatched }) => (isWatched ? this.outgoing.start() : this.outgoing.stop()),
    ignores: () => this.outgoing.changed(),
    rules: () => this.outgoing.record(this.isRecorded),
    history: ({ messages }) => this.talk.settle(messages.map(({ key }) => key)),
    message: () => this.isReading || toast(t("student.chat.arrived")),
    teacher: ({ isAway }, before) => this.heardTeacher(before, isAway),
    alert: ({ text, type }) => toast(text, type === "ERROR" ? "problem" : "info"),
    taken: () => this.end("taken"),
    closed: () => this.end("closed"),
  };

  private heardLink(link: State["link"]): void {
    if (link !== "open") {
      this.isHere = false;
      this.outgoing.end();
    }
    if (link === "open") {
      void this.enter();
    } else if (link === "ended" && this.store.latest.phase.name !== "over") {
      // Sent away without a word: the answer to the next attempt tells why.
      this.again();
    }
  }

  private heardJoined(): void {
    const isByPass = this.wantedPass !== undefined;
    this.wanted = undefined;
    this.wantedPass = undefined;
    if (isByPass) {
      this.bringAside();
    }
    this.keepIdentity();
    this.keepUnsaid();
    this.isHere = true;
    void this.talk.begin();
    void this.telling.tell();
    void this.reports.send();
    void (isByPass ? this.bringRecorded() : Promise.resolve()).then(() =>
      this.outgoing.record(this.isHere && this.isRecorded),
    );
  }

  /** Whose pass it was may have a place that waits here. */
  private bringAside(): void {
    if (bringBack(this.room, this.store.latest.me?.id ?? 0) !== undefined) {
      this.project = rememberedProject(this.room) ?? EMPTY;
      this.aside = asideIn(this.room);
    }
  }

  /** What was written on the other device, where it was recorded; before that is said to be gone. */
  private async bringRecorded(): Promise<void> {
    const { me } = this.store.latest;
    if (me === undefined || !this.isRecorded || !isBlank(this.project)) {
      return;
    }
    this.isBringing = true;
    const files = await lastRecorded({ room: this.room, user: me.id, token: me.token });
    this.isBringing = false;
    if (files.length > 0 && isBlank(this.project) && this.store.latest.me?.id === me.id) {
      this.change(withFiles({ files: [], open: undefined }, files));
    }
  }

  private get isRecorded(): boolean {
    return this.store.latest.rules?.is_recorded === true;
  }

  private heardTasks(before: State): void {
    const { tasks } = this.store.latest;
    if (before.tasks.length > 0 && JSON.stringify(before.tasks) !== JSON.stringify(tasks)) {
      toast(t("student.tasks.changed"));
    }
    this.keepUnsaid();
    void this.telling.tell();
  }

  private heardReview(before: State, { statuses, comment }: Reviewed): void {
    this.keepUnsaid();
    for (const [task, status] of Object.entries(statuses)) {
      const title = this.titleOf(task);
      if (status === "ACCEPTED" && before.statuses[task] !== "ACCEPTED") {
        toast(t("student.tasks.accepted", { title }), "good");
      } else if (status === "NONE" && before.statuses[task] === "DONE") {
        toast(declinedText(title, comment), "warning");
      } else if (status !== "ACCEPTED" && before.statuses[task] === "ACCEPTED") {
        toast(t("student.tasks.reopened", { title }));
      }
    }
  }

  private titleOf(task: string): string {
    return titleOf(this.store.latest.tasks, task) ?? task;
  }

  private heardTeacher(before: State, isAway: boolean): void {
    if (isAway) {
      this.outgoing.stop();
    }
    if (before.isTeacherAway !== isAway) {
      toast(t(isAway ? "student.teacher.away" : "student.teacher.back"));
    }
  }

  // What the student does

  setStatus(task: string, status: Status): void {
    this.tell({ kind: "sets", task, status });
  }

  /** Calls for help with a task, or apart from any; who has called already says more. */
  ask(task: string | undefined, note: string): void {
    this.tell({ kind: "asks", task, note });
  }

  /** Cannot be helped now, or can again. */
  pause(isPaused: boolean): void {
    this.tell({ kind: "pauses", isPaused });
  }

  /** Needs no help any more. */
  cancel(): void {
    this.tell({ kind: "needs no help" });
  }

  private tell(event: Event): void {
    this.act(event);
    void this.telling.tell();
  }

  private act(event: Event): void {
    this.store.act(event);
    this.keepUnsaid();
  }

  private keepUnsaid(): void {
    const { latest } = this.store;
    if (latest.me !== undefined) {
      keepUnsaid(this.room, latest.me.id, unsaid(latest));
    }
  }

  get meId(): number {
    return this.store.state.me?.id ?? 0;
  }

  /** What the teacher said has been seen. */
  read(what: keyof Read): void {
    this.store.act({ kind: "reads", what });
    this.keepIdentity();
  }

  get signs(): Signs {
    return signsOf(this.store.state);
  }

  get unread(): number {
    return unread(this.store.state);
  }

  get unreadNotices(): readonly Said[] {
    return unreadNotices(this.store.state);
  }

  /** `isPasted`: the editor has seen that something was. */
  change(project: Project, isPasted = false): void {
    this.project = project;
    this.outgoing.changed(isPasted);
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(() => this.saveNow(), SAVE_MS);
  }

  /** Call it before the page goes. */
  saveNow(): void {
    if (this.saveTimer !== undefined) {
      clearTimeout(this.saveTimer);
      this.saveTimer = undefined;
      this.isKept = rememberProject(this.room, this.project);
    }
  }

  private keepIdentity(): void {
    const { me, read } = this.store.latest;
    if (me !== undefined && me.token !== "") {
      remember(this.room, { ...me, read });
    }
  }

  private tellRefusal(answer: Exclude<Answer, "done">): void {
    toast(answer === "lost" ? t("student.not_reached") : refusalText(answer), "problem");
  }
}

/** The comment is in the chat as well. */
function declinedText(title: string, comment: string | null): string {
  return comment === null
    ? t("student.tasks.declined", { title })
    : t("student.tasks.declined_because", { title, comment });
}

/** A refusal in the visitor's language; one that is not known, as the server says it. */
export function refusalText({ code, message }: Pick<ErrorPayload, "code" | "message">): string {
  const key = `student.refusal.${code}`;
  return has(key) ? t(key) : message;
}
