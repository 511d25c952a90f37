/** The administrator's session: what is asked when, and what is made of the answers. */
import { Store } from "../wire/store.svelte";
import { ask, type Answer, type Answered, type Asking, type Route } from "../wire/admin";
import { Poll } from "./poll";
import type { Opened, Place } from "./route";
import {
  PAGE_SIZE,
  reduce,
  START,
  type ChatFind,
  type Event,
  type Find,
  type State,
} from "./state";

const FIGURES_MS = 1_000;
const TABLES_MS = 3_000;
const DAY_MS = 60_000;

export class Session {
  private readonly store = new Store<State, Event>(START, reduce);
  private readonly entrance = new Poll(() => this.askEntrance(), 2_000);
  private readonly figures = new Poll(() => this.askFigures(), FIGURES_MS);
  private readonly tables = new Poll(() => this.askTables(), TABLES_MS);
  private readonly day = new Poll(() => this.askDay(), DAY_MS);

  get state(): State {
    return this.store.state;
  }

  start(place: Place): void {
    this.store.act({ kind: "went", place });
    this.entrance.start();
  }

  stop(): void {
    [this.entrance, this.figures, this.tables, this.day].forEach((poll) => poll.stop());
  }

  retry(): void {
    [this.entrance, this.figures, this.tables, this.day].forEach((poll) => poll.now());
  }

  async logIn(password: string): Promise<Answer<undefined>> {
    const answer = await ask("POST /admin/session", { body: { password } });
    if (answer.isDone) {
      this.admit();
    }
    return answer;
  }

  async logOut(): Promise<void> {
    const answer = await this.ask("DELETE /admin/session");
    if (answer.isDone) {
      this.leave();
    }
  }

  /** Gives up what was begun before the session ended. */
  leave(): void {
    this.stop();
    this.store.act({ kind: "left" });
  }

  /** Does something, and shows at once what has become of it. */
  async act<R extends Route>(route: R, asking: Asking<R>): Promise<Answer<Answered<R>>> {
    const answer = await this.ask(route, asking);
    this.tables.now();
    return answer;
  }

  goTo(place: Place): void {
    this.store.act({ kind: "went", place });
    this.tables.now();
  }

  find(find: Find): void {
    this.store.act({ kind: "find", find });
    this.tables.now();
  }

  turnClasses(offset: number): void {
    this.store.act({ kind: "turn", offset });
    this.tables.now();
  }

  seekChats(chatFind: ChatFind): void {
    this.store.act({ kind: "seek", chatFind });
    this.tables.now();
  }

  private admit(): void {
    this.entrance.stop();
    this.store.act({ kind: "admitted" });
    this.figures.start();
    this.tables.start();
    this.day.start();
  }

  /** All but the login goes through here: what the answer says of session and connection counts. */
  private async ask<R extends Route>(
    route: R,
    asking: Asking<R> = {},
  ): Promise<Answer<Answered<R>>> {
    const answer = await ask(route, asking);
    this.store.hear({ kind: !answer.isDone && answer.status === 0 ? "lost" : "heard" });
    if (!answer.isDone && answer.status === 401) {
      this.figures.stop();
      this.tables.stop();
      this.day.stop();
      this.store.act({ kind: "not_allowed" });
    }
    return answer;
  }

  private async askEntrance(): Promise<boolean> {
    const answer = await this.ask("GET /admin/session");
    if (answer.isDone) {
      this.entrance.stop();
      if (answer.value.is_open) {
        this.admit();
      } else {
        this.store.act({ kind: "not_allowed" });
      }
    }
    return answer.isDone;
  }

  private async askFigures(): Promise<boolean> {
    const answer = await this.ask("GET /API/admin/figures");
    if (answer.isDone) {
      this.store.hear({ kind: "figures", figures: answer.value, now: Date.now() });
    }
    return answer.isDone;
  }

  private async askDay(): Promise<boolean> {
    const answer = await this.ask("GET /API/admin/figures/day");
    this.load(answer, (day) => ({ kind: "loaded", tables: { day } }));
    return answer.isDone;
  }

  private async askTables(): Promise<boolean> {
    const { section, opened } = this.store.latest.place;
    const wanted: Record<typeof section, () => Promise<Answer<unknown>>[]> = {
      overview: () => [this.counts(), this.chats(), this.classes(), this.bots(), this.events()],
      buildings: () => [this.buildings()],
      bots: () => [this.bots()],
      people: () => [this.counts(), this.people(), ...(opened ? this.detail(opened) : [])],
      classes: () => [this.classes(), this.rooms(), this.chats(), this.chatsFound()],
    };
    const answers = await Promise.all(wanted[section]());
    const declined = answers.find((answer) => !answer.isDone);
    const isTold = declined !== undefined && declined.status !== 0 && declined.status !== 401;
    this.store.hear({ kind: "declined", problem: isTold ? declined.detail : undefined });
    return declined === undefined;
  }

  private async buildings(): Promise<Answer<unknown>> {
    const answer = await this.ask("GET /API/admin/buildings/show/all");
    return this.load(answer, (buildings) => ({ kind: "loaded", tables: { buildings } }));
  }

  private async bots(): Promise<Answer<unknown>> {
    const answer = await this.ask("GET /API/admin/bots/show");
    return this.load(answer, (bots) => ({ kind: "loaded", tables: { bots } }));
  }

  private async counts(): Promise<Answer<unknown>> {
    const answer = await this.ask("GET /API/admin/users/count");
    return this.load(answer, (counts) => ({ kind: "loaded", tables: { counts } }));
  }

  private async rooms(): Promise<Answer<unknown>> {
    const answer = await this.ask("GET /API/admin/rooms/show");
    return this.load(answer, (rooms) => ({ kind: "loaded", tables: { rooms } }));
  }

  private async chats(): Promise<Answer<unknown>> {
    const answer = await this.ask("GET /API/admin/chats/show");
    return this.load(answer, (chats) => ({ kind: "loaded", tables: { chats } }));
  }

  private async events(): Promise<Answer<unknown>> {
    const answer = await this.ask("GET /API/admin/figures/events");
    return this.load(answer, (events) => ({ kind: "loaded", tables: { events } }));
  }

  private async chatsFound(): Promise<Answer<unknown>> {
    const chatFind = this.store.latest.chatFind;
    const query = { ...chatFind, limit: PAGE_SIZE };
    const answer = await this.ask("GET /API/admin/chats/find", { query });
    return this.load(answer, (chats) => ({ kind: "chats", chatFind, chats }));
  }

  private async classes(): Promise<Answer<unknown>> {
    const offset = this.store.latest.classOffset;
    const query = { offset, limit: PAGE_SIZE };
    const answer = await this.ask("GET /API/admin/classes/show", { query });
    return this.load(answer, (classes) => ({ kind: "listed", offset, classes }));
  }

  private async people(): Promise<Answer<unknown>> {
    const find = this.store.latest.find;
    const { search, building, offset, isOnline } = find;
    const query = {
      search,
      building,
      offset,
      limit: PAGE_SIZE,
      ...(isOnline ? { is_online: true } : {}),
    };
    const answer = await this.ask("GET /API/admin/users/find", { query });
    return this.load(answer, (people) => ({ kind: "found", find, people }));
  }

  private detail(of: Opened): Promise<Answer<unknown>>[] {
    return [of.kind === "user" ? this.lookAtUser(of) : this.lookAtBuilding(of)];
  }

  private async lookAtUser(of: Opened): Promise<Answer<unknown>> {
    const lines = await this.ask("GET /API/admin/logs/show/user/{user_id}", {
      of: { user_id: of.id },
    });
    return (
      this.missing(of, lines) ??
      this.load(lines, (value) => ({
        kind: "looked",
        detail: { of, isMissing: false, people: [], lines: value },
      }))
    );
  }

  private async lookAtBuilding(of: Opened): Promise<Answer<unknown>> {
    const asking = { of: { building_id: of.id } };
    const [people, lines] = await Promise.all([
      this.ask("GET /API/admin/users/show/building/{building_id}", asking),
      this.ask("GET /API/admin/logs/show/building/{building_id}", asking),
    ]);
    if (!people.isDone) {
      return this.missing(of, people) ?? people;
    }
    return (
      this.missing(of, lines) ??
      this.load(lines, (value) => ({
        kind: "looked",
        detail: { of, isMissing: false, people: people.value, lines: value },
      }))
    );
  }

  /** A link to what has never been here is an answer, too. */
  private missing(of: Opened, answer: Answer<unknown>): Answer<unknown> | undefined {
    if (answer.isDone || (answer.status !== 400 && answer.status !== 404)) {
      return undefined;
    }
    this.store.hear({ kind: "looked", detail: { of, isMissing: true } });
    return { isDone: true, value: undefined };
  }

  private load<T>(answer: Answer<T>, event: (value: T) => Event): Answer<unknown> {
    if (answer.isDone) {
      this.store.hear(event(answer.value));
    }
    return answer;
  }
}
