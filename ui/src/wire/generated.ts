/*
 * What the server hears and says, generated from its code: `make types` writes this file anew.
 * In what clients send, keys with a default may be left out.
 */

// All systems

/**
 * What the `error` event carries, and the acknowledgement of the event that was declined.
 *
 * The keys after `code` are those of some refusals: an application may add others of its own.
 */
export interface ErrorPayload {
  message: string;
  event: string;
  code: string;
  retry_after_s?: number;
  limit?: string;
  id?: string;
  by?: string;
  rev?: number;
}

/** What an event is answered with: what it asked for, if anything, or why it was declined. */
export type Ack<Answer = never> = (answer?: Answer | ErrorPayload) => void;

// Admin

/** What opens a session of the administrator. */
export interface AdminLogin {
  password: string;
}

/** Whether this browser has a session of the administrator. */
export interface AdminSession {
  is_open: boolean;
}

/** `bots/update/auth`. */
export interface Authorisation {
  id: string;
  state: boolean;
}

/** A bot. `building` is a name; when it sent last is known of the latest notices only. */
export interface BotOverview {
  id: string;
  building_id: string;
  building: string;
  is_authorised: boolean;
  is_running: boolean;
  last_sent_at: string | null;
}

/** How many people are online in a building. */
export interface BuildingCount {
  id: string;
  name: string;
  online: number;
}

/** A line of a building's log. */
export interface BuildingLine {
  timestamp: string;
  bot_id: string | null;
  message: string;
}

/** A building with what is there now; `radious` in metres, `bots` are ids. */
export interface BuildingOverview {
  id: string;
  name: string;
  latitude: number;
  longitude: number;
  radious: number;
  online: number;
  bots: string[];
}

/** `buildings/delete`. */
export interface BuildingToDelete {
  id: string | number;
}

/** The chat: connections are all that are open, also of those who have not registered yet. */
export interface ChatFigures {
  chats: number;
  users: number;
  users_online: number;
  connections: number;
}

/** The chat that is to end, by its very name. */
export interface ChatToClose {
  name: string;
}

/** The class that is to end. */
export interface ClassToClose {
  room_id: number;
}

/**
 * The class that gets another teacher.
 *
 * With an `address` it goes to an original client there, otherwise to whoever shows the token of
 * the answer.
 */
export interface ClassToHandOver {
  room_id: number;
  address?: string | null;
}

/** The class whose teacher has lost the key. */
export interface ClassToRekey {
  room_id: number;
}

/** Transactions since the start: how many, of how many changes, in how many seconds. */
export interface CommitTotals {
  total: number;
  changes: number;
  seconds: number;
  failed: number;
}

/** How many connections of one kind are open: `polling` or `websocket`; `V3`, `V4` or `raw`. */
export interface ConnectionCount {
  transport: string;
  version: string;
  open: number;
}

/**
 * The last day: `minutes` are their beginnings in seconds since 1970, the rest is by minute.
 *
 * Of several nodes these are the sums; `largest` and `lateness` are those of the worst.
 */
export interface Day {
  minutes: number[];
  connections: (number | null)[];
  deliveries: (number | null)[];
  events: (number | null)[];
  declined: (number | null)[];
  queued: (number | null)[];
  largest: (number | null)[];
  memory: (number | null)[];
  cpu: (number | null)[];
  lateness: (number | null)[];
  commits: (number | null)[];
}

/** Events of one name since the start: what became of them, and `seconds` to handle them. */
export interface EventFigures {
  event: string;
  succeeded: number;
  refused: number;
  failed: number;
  seconds: number;
}

/** Events of all names since the start, by what became of them; `seconds` to handle them. */
export interface EventTotals {
  succeeded: number;
  refused: number;
  failed: number;
  seconds: number;
}

/**
 * The server at one moment. Totals only grow: a rate is their difference by `uptime_s`'s.
 *
 * Memory is what the process holds; null where the system does not tell. Of several nodes all of
 * this are the sums over those in `nodes` that are not silent; one alone has no such list.
 */
export interface Figures {
  version: string;
  uptime_s: number;
  connections: ConnectionCount[];
  connections_total: number;
  handshakes_refused: number;
  deliveries: number;
  slow_readers_closed: number;
  events: EventTotals;
  queues: Queues;
  commits: CommitTotals;
  memory_bytes: number | null;
  cpu_seconds: number;
  loop_lateness_s: number;
  nodes?: NodeOverview[];
}

/** A code of one use, which the chat takes as a token; `expires_at` is ISO 8601. */
export interface HandOverCode {
  phone: string;
  code: string;
  expires_at: string;
}

/**
 * One of several nodes; `number` is that of its life, and grows with each start of any node.
 *
 * Nobody knows how many connections a silent one has, nor its memory.
 */
export interface NodeOverview {
  name: string;
  number: number;
  generation: number;
  state: NodeState;
  shards: number;
  connections: number | null;
  memory_bytes: number | null;
}

export type NodeState = "serving" | "suspended" | "draining" | "silent";

/** The phone that is to get a new owner, or a new token. */
export interface PhoneToHandOver {
  phone: string | number;
}

/** `buildings/add`; `radious` in metres, as the original spells it. */
export interface Plan {
  id: string | number;
  name: string;
  latitude: number | string;
  longitude: number | string;
  radious: number | string;
}

/** What waits for readers now: bytes in all, in the longest queue, and how many have any. */
export interface Queues {
  bytes: number;
  largest_bytes: number;
  waiting: number;
}

/** The alert room that is to end. */
export interface RoomToClose {
  code: string;
}

/** How many have ever logged in, are online, and are so out of all buildings and in each. */
export interface UserCounts {
  known: number;
  online: number;
  outside: number;
  buildings: BuildingCount[];
}

/** A line of a person's log; the time is UTC. */
export interface UserLine {
  timestamp: string;
  message: string;
}

/** Somebody who has logged in once; the building is null out of all buildings and offline. */
export interface UserOverview {
  id: string;
  is_online: boolean;
  building_id: string | null;
  building: string | null;
}

/** Some of those who were asked for; `total` is how many there are on all pages together. */
export interface UserPage {
  total: number;
  users: UserOverview[];
}

// Alert

/** The answer to a `text` of protocol 2: it is saved, and told to the room. */
export interface Accepted {
  id: string;
  at: string;
}

/**
 * An alert room in which somebody is, or something was said.
 *
 * `names` are those of the first hundred who came; `last_at` is null if nothing is kept.
 */
export interface AlertRoomOverview {
  code: string;
  people: number;
  names: string[];
  messages: number;
  last_at: string | null;
}

/** `joined`. Clients that say `protocol` 2, or more, are current ones. */
export interface Join {
  name?: string | null;
  headless?: unknown;
  room?: string | null;
  protocol?: number | null;
}

/**
 * `message`: what somebody said; `status`: who came or went.
 *
 * Protocol 2 also gets a message's `id`, a text that sorts by time, when it was said (`at`, in
 * ISO 8601), and, on the connections of its sender, the `key` that it was sent with.
 */
export interface Line {
  msg: string;
  id?: string;
  at?: string;
  key?: string;
}

/**
 * The answer to `joined`: the names of all who are in the room.
 *
 * Protocol 2 also gets how many messages the room has: none, and nobody else there, may be a
 * code that was mistyped.
 */
export interface People {
  people: string[];
  messages?: number;
}

/**
 * What every event carries. Who has joined is known, so that `name` is of use only then.
 *
 * `headless` is whatever a program takes for true: the original looks only whether it is there.
 */
export interface Sender {
  name?: string | null;
  headless?: unknown;
}

/** `text`. Protocol 2: a message that is sent again with the same `key` is the same one. */
export interface Text {
  name?: string | null;
  headless?: unknown;
  msg: string;
  key?: string | null;
}

/** What clients of alert send. */
export interface AlertClientEvents {
  joined: (payload?: Join, ack?: Ack<People>) => void;
  left: (payload?: Sender, ack?: Ack) => void;
  text: (payload: Text, ack?: Ack<Accepted | null>) => void;
}

/** What the server says to clients of alert. */
export interface AlertServerEvents {
  error: (payload: ErrorPayload) => void;
  message: (payload: Line) => void;
  status: (payload: Line) => void;
}

// Campus

/** The campus file; whatever else is in it is not looked at. */
export interface CampusFile {
  containedSpaces: Space[];
}

/** A building in the campus file: WGS 84 degrees; `range` is its radius in metres. */
export interface Space {
  id: string | number;
  name: string;
  latitude: number;
  longitude: number;
  range: number;
}

// Chat

/** `add_member`. */
export interface AddMember {
  type: "add_member";
  chat: string;
  phone: string | number;
}

/** `history`: what was said before a message, or the newest ones. */
export interface AskHistory {
  type: "history";
  chat: string;
  before?: string | null;
  limit?: number;
}

/** `chat_deleted`. */
export interface ChatDeleted {
  type: "chat_deleted";
  chat: string;
}

/** `error`: what was declined and why; `operation` is null when nobody knows which. */
export interface ChatError {
  type: "error";
  detail: string;
  operation: string | null;
  code: string;
  key?: string;
  limit?: string;
  retry_after_s?: number;
  id?: string;
}

/** `history`, the answer to the question for it; the oldest message first. */
export interface ChatHistory {
  type: "history";
  chat: string;
  messages: Entry[];
}

/**
 * `message`, to all members; `date` is UTC, `id` sorts by time.
 *
 * `key` is there for the sender's devices if the sender gave one.
 */
export interface ChatMessage {
  type: "message";
  chat: string;
  from: ShownUser;
  date: string;
  message: string;
  id: string;
  key?: string;
}

/** A chat in `state`, with the messages that were missed, the oldest first. */
export interface ChatOfUser {
  chat: ShownChat;
  messages: Entry[];
}

/**
 * A chat; `people` are its first hundred members, `messages` those that are kept.
 *
 * `last_at` is when somebody wrote last; null if nothing that was said is kept.
 */
export interface ChatOverview {
  name: string;
  owner: MemberOverview;
  members: number;
  people: MemberOverview[];
  messages: number;
  created_at: string;
  last_at: string | null;
}

/** Some of the chats; `total` is how many were found. */
export interface ChatPage {
  total: number;
  chats: ChatOverview[];
}

/** `state`, the answer to `register`; `token` is there when it was just given. */
export interface ChatState {
  type: "state";
  chats: ChatOfUser[];
  token?: string;
}

/** `token`, the answer to `reset_token`. */
export interface ChatToken {
  type: "token";
  token: string;
}

/** `create_chat`; whoever comes to an open one may read what was said before. */
export interface CreateChat {
  type: "create_chat";
  name: string;
  open?: boolean;
}

/** `delete_chat`. */
export interface DeleteChat {
  type: "delete_chat";
  chat: string;
}

/** A message in `state`; `date` is UTC, `id` sorts by time. */
export interface Entry {
  from: ShownUser;
  date: string;
  message: string;
  id: string;
}

/** Somebody in a chat. */
export interface MemberOverview {
  phone: string;
  name: string;
  is_online: boolean;
}

/** `member_removed`, also to the one who is removed. */
export interface MemberRemoved {
  type: "member_removed";
  chat: string;
  user: ShownUser;
}

/** `new_member`, to all members; the chat as it is with the new one. */
export interface NewMember {
  type: "new_member";
  chat: ShownChat;
  user: ShownUser;
}

/** `register`; `token` may be a code of the administrator. */
export interface Register {
  type: "register";
  user: Who;
  protocol?: number | null;
  token?: string | null;
}

/** `remove_member`. */
export interface RemoveMember {
  type: "remove_member";
  chat: string;
  phone: string | number;
}

/** `reset_token`. */
export interface ResetToken {
  type: "reset_token";
}

/** `send_message`; with the same `key` it is the same message. */
export interface SendMessage {
  type: "send_message";
  chat: string;
  message: string;
  key?: string | null;
}

/** A chat as clients see one; the members in the order in which they came. */
export interface ShownChat {
  name: string;
  members: ShownUser[];
  owner: ShownUser;
}

/** A user as clients see one. */
export interface ShownUser {
  name: string;
  phone: string;
  disconnection_date: string | null;
}

/** Who somebody says to be. */
export interface Who {
  name: string;
  phone: string | number;
}

/** What clients of the chat send; `type` tells which. */
export type ChatAsked =
  | Register
  | CreateChat
  | SendMessage
  | AddMember
  | RemoveMember
  | DeleteChat
  | AskHistory
  | ResetToken;

/** What the server says to these; `type` tells which. */
export type ChatSaid =
  | ChatState
  | ChatMessage
  | NewMember
  | MemberRemoved
  | ChatDeleted
  | ChatHistory
  | ChatToken
  | ChatError;

// Classroom

/**
 * `alert`, and the same as `alerts`: a notice to be shown.
 *
 * Clients of protocol 3 get the `code`, and what the sentence names.
 */
export interface Alert {
  message: string;
  type: AlertType;
  code?: AlertCode;
  left_out?: Record<string, number>;
  task?: string;
  name?: string;
}

export type AlertCode =
  | "accepted"
  | "barred"
  | "came_from_elsewhere"
  | "declined"
  | "handed_over"
  | "import_failed"
  | "import_left_out"
  | "imported"
  | "locked"
  | "name_taken"
  | "outdated_plugin"
  | "place_taken"
  | "rekeyed"
  | "room_closed"
  | "silent";

export type AlertType = "INFO" | "SUCCESS" | "WARNING" | "ERROR";

/** `help/ask`. */
export interface AskForHelp {
  room_id?: number | null;
  task?: string | null;
  note?: string | null;
}

export type CallState = "waiting" | "paused" | "taken";

/**
 * What a student's program has to do: print `stdout` for `stdin`, or let `code` run through.
 *
 * Of one that `is_hidden` students are shown the name alone.
 */
export interface Check {
  name: string;
  stdin?: string;
  stdout?: string;
  code?: string;
  is_hidden: boolean;
}

/**
 * What a student's program has to do: print `stdout` for `stdin`, or let `code` run through.
 *
 * Of one that `is_hidden` students are shown the name alone.
 */
export interface CheckInput {
  name: string;
  stdin?: string;
  stdout?: string;
  code?: string;
  is_hidden?: boolean;
}

/** `checks/report` as staff hears it. */
export interface ChecksOfStudent {
  user_id: number;
  task: string;
  rev: number;
  passed: string[];
  failed: FailedCheck[];
}

/** A class that changes hands: with its `token`, `user_id` may come in as the teacher. */
export interface ClassHandedOver {
  room_id: number;
  user_id: number;
  token: string | null;
}

/** A new key to a class, and to all others of its teacher. */
export interface ClassKey {
  room_id: number;
  teacher: string;
}

/** An open class; `tasks` counts those handed out, without the theory page. */
export interface ClassOverview {
  room_id: number;
  teacher: string;
  is_teacher_online: boolean;
  students_online: number;
  students_offline: number;
  tasks: number;
  created_at: string;
}

/** Some of the open classes; `total` is how many there are. */
export interface ClassPage {
  total: number;
  classes: ClassOverview[];
}

/** `notice`: what the teacher tells the whole class; `id` sorts by time, `at` is ISO 8601. */
export interface ClassroomNotice {
  id: number;
  sender: number;
  content: string;
  at: string;
}

/** `error/from_client`: whatever a plugin knows when it has failed. */
export interface ClientError {
  room_id?: unknown;
  user_id?: unknown;
  content?: unknown;
  path?: unknown;
  function?: unknown;
}

/**
 * `sharing/code_send` and `sharing/code_update`.
 *
 * `is_recorded`: the student lets it be kept as a history; `pasted`: what the editor knows of how
 * the text came.
 */
export interface Code {
  room_id: number;
  files: FileInput[];
  is_recorded?: boolean;
  pasted?: boolean | null;
}

/** What the host gets of `sharing/code_send` and `sharing/code_update`. */
export interface CodeOfStudent {
  room_id: number;
  user_id: number;
  files: File[];
}

/** `room/create`. */
export interface CreateRoom {
  name: string;
  title?: string | null;
  teacher?: string | null;
  protocol?: number | null;
}

/** The same for current clients. */
export interface CurrentHistory {
  user_id: number;
  messages: CurrentMessage[];
}

/**
 * The same for current clients: `id` sorts by time, `at` is ISO 8601.
 *
 * `key` is what its sender called it; in the history, and for the sender alone.
 */
export interface CurrentMessage {
  sender: number;
  receiver: number;
  content: string;
  status: null;
  created_at: string;
  id: number;
  at: string;
  key?: string;
}

export type Door = "open" | "locked";

/** `help/done`. */
export interface EndHelp {
  room_id?: number | null;
  user_id: number;
  is_helped: boolean;
}

/** `sharing/end`. */
export interface EndSharing {
  room_id: number;
  user_id?: number | null;
}

/** `exercise`. */
export interface Exercise {
  room_id?: number | null;
  content: string;
}

/** A check that the student's program did not pass, and why. */
export interface FailedCheck {
  name: string;
  why: string;
}

/** `exercise/feedback`. */
export interface Feedback {
  room_id: number;
  user_id: number;
  accepted: boolean;
}

/** One file of a student; `filename` is relative to the shared folder. */
export interface File {
  filename: string;
  status: FileStatus;
  content: string | null;
}

/** One file of a student; `filename` is relative to the shared folder. */
export interface FileInput {
  filename: string;
  status: FileStatus;
  content?: string | null;
}

export type FileStatus = "CREATED" | "CHANGED" | "UPDATED" | "REMOVED";

/** `room/pass`. */
export interface GivePass {
  room_id?: number | null;
  user_id?: number | null;
}

/** What `room/pass` is acknowledged by; `expires_at` in ISO 8601. */
export interface GivenPass {
  pass: string;
  expires_at: string;
}

/** `settings`. */
export interface Ignore {
  room_id?: number | null;
  files_to_ignore: string;
}

/** What to leave out, in order of writing, each entry once; exactly the `settings` payload. */
export interface Ignores {
  names: string[];
  dirs: string[];
  extensions: string[];
}

/** `steps/import`. */
export interface ImportSteps {
  room_id?: number | null;
  url: string;
}

/** What may name the room, although the sender's is known. */
export interface InRoom {
  room_id?: number | null;
}

/** `room/join`. */
export interface JoinRoom {
  room_id: number;
  name?: string | null;
  version?: string | null;
  protocol?: number | null;
  token?: string | null;
  pass?: string | null;
}

/**
 * The answer to a student who joined; current clients also get what they come back to.
 *
 * A `signal` is told if it is not NONE. Those of protocol 3 get what they come into, too; a room
 * without a `title` has an empty one.
 */
export interface Joined {
  user_id: number;
  room_id: number;
  name?: string;
  steps?: Record<string, Status>;
  token?: string;
  signal?: Signal;
  title?: string;
  rules?: Rules;
  is_teacher_here?: boolean;
}

/** `room/kill`. */
export interface KillStudent {
  room_id?: number | null;
  user_id: number;
  is_barred?: boolean;
}

/** `sharing/left_out`. */
export interface LeavingOut {
  room_id: number;
  files: UnsentFile[];
}

/** What a current host gets of `sharing/left_out`: all that is left out now. */
export interface LeftOutOfStudent {
  user_id: number;
  files: UnsentFile[];
}

/** What `sets/load` is acknowledged by; `updated_at` in ISO 8601. */
export interface LoadedSet {
  id: string;
  title: string;
  tasks: Task[];
  updated_at: string;
}

/** `message/to_client`. */
export interface MessageToClient {
  room_id: number;
  user_id: number;
  content: string;
  key?: string | null;
}

/** `message/to_mentor`. */
export interface MessageToMentor {
  room_id: number;
  content: string;
  key?: string | null;
}

/** What `teacher/rekey` is acknowledged by. */
export interface NewKey {
  teacher: string;
}

/** What `tasks/set` is acknowledged by. */
export interface NewRev {
  rev: number;
}

/** An empty object. */
export type Nothing = Record<string, never>;

/** What has to name the room. */
export interface OfRoom {
  room_id: number;
}

/** `sets/load` and `sets/delete`. */
export interface OfSet {
  teacher: string;
  id: string;
}

/** `teacher/open` and `teacher/rekey`. */
export interface OfTeacher {
  teacher: string;
}

/** What concerns one participant. */
export interface OfUser {
  room_id?: number | null;
  user_id: number;
}

/** A class of a teacher's; `created_at` in ISO 8601, `closed_at` null while it is open. */
export interface OwnClass {
  room_id: number;
  title: string;
  created_at: string;
  closed_at: string | null;
  students: number;
}

/** A set of tasks in a teacher's library; `tasks` is how many they are. */
export interface OwnSet {
  id: string;
  title: string;
  tasks: number;
  updated_at: string;
}

/** `help/pause`. */
export interface PauseHelp {
  room_id?: number | null;
  is_paused: boolean;
}

/**
 * `help/place`: the student is the next but so many, counted from 1; null: not in the queue.
 *
 * `by` is the name of who helps now, and then the place is 0. Whoever `is_paused` keeps the place.
 */
export interface PlaceInQueue {
  place: number | null;
  estimate_s?: number;
  by?: string;
  is_paused?: boolean;
}

/**
 * Somebody who calls for help; `since` in ISO 8601, `by` is the name of who helps.
 *
 * `helped` counts the helps of before.
 */
export interface QueuedCall {
  user_id: number;
  task: string | null;
  note: string;
  since: string;
  state: CallState;
  by: string | null;
  helped: number;
}

/** `room/rehost`: by the participant's id, or with the teacher's key. */
export interface RehostRoom {
  room_id: number;
  user_id?: number | null;
  teacher?: string | null;
  protocol?: number | null;
  token?: string | null;
}

/** `checks/report`. */
export interface ReportChecks {
  room_id?: number | null;
  task: string;
  rev: number;
  passed: string[];
  failed: FailedCheck[];
}

/** `run/report`. */
export interface ReportRun {
  room_id?: number | null;
  run: string;
  filename: string;
  state: RunState;
  output?: string;
  ms?: number;
  error?: RunErrorInput | null;
}

/** `tasks/report`. */
export interface ReportTasks {
  room_id?: number | null;
  statuses: Record<string, Status>;
}

/** `room/rejoin`. */
export interface ResumeRoom {
  room_id: number;
  user_id: number;
  protocol?: number | null;
  token?: string | null;
}

/** `tasks/reveal`. */
export interface RevealTask {
  room_id?: number | null;
  task: string;
}

/** `tasks/reveal`: the solution of a task. */
export interface Revealed {
  task: string;
  solution: TaskFile[];
}

/** `steps/status/to_client`. */
export interface Review {
  room_id?: number | null;
  user_id: number;
  steps: Record<string, Status>;
}

/** `tasks/review`. */
export interface ReviewTasks {
  room_id?: number | null;
  user_id: number;
  statuses: Record<string, Status>;
  comment?: string | null;
  key?: string | null;
}

/** `tasks/reviewed`: the teacher's word on a student's tasks; `comment` is a message, too. */
export interface Reviewed {
  statuses: Record<string, Status>;
  comment: string | null;
}

export type Role = "host" | "client";

/**
 * Who is online: the host first, then students in order of joining.
 *
 * Current clients also get `offline`, the students who may come back, once their `token`, and what
 * they have set of the room; those of protocol 3 its `title`, too, and, if it was made with the
 * room, the secret key of its `teacher`.
 */
export interface RoomUpdate {
  id: number;
  host: number;
  users: User[];
  offline?: User[];
  token?: string;
  door?: Door;
  rules?: Rules;
  title?: string;
  teacher?: string;
}

/**
 * What the teacher allows everybody; those of protocol 3 hear more of it.
 *
 * `is_recorded`: what students write is kept as a history; `auto_done`: a task whose checks all
 * pass is done.
 */
export interface Rules {
  has_results_page: boolean;
  is_recorded?: boolean;
  auto_done?: boolean;
}

/** What ended a program: the exception's name, the line if it is known, what it says. */
export interface RunError {
  kind: string;
  message: string;
  line: number | null;
}

/** What ended a program: the exception's name, the line if it is known, what it says. */
export interface RunErrorInput {
  kind: string;
  message: string;
  line?: number | null;
}

/** `run/report` as staff hears it: the latest state, with the last 4 kB of `output`. */
export interface RunOfStudent {
  user_id: number;
  run: string;
  filename: string;
  state: RunState;
  output: string;
  ms: number;
  error?: RunError;
}

export type RunState = "running" | "ended" | "failed" | "stopped" | "timed_out";

/** `sets/save`. */
export interface SaveSet {
  teacher: string;
  set: TaskSet;
}

/** What `sets/save` is acknowledged by; `updated_at` in ISO 8601. */
export interface SavedSet {
  id: string;
  updated_at: string;
}

/** `notice/send`. */
export interface SendNotice {
  room_id?: number | null;
  content: string;
  key: string;
}

/** `signal`. */
export interface SendSignal {
  room_id?: number | null;
  user_id: number;
  value: Signal;
}

/** What current clients get for a message that was kept: its `id` and `at`. */
export interface Sent {
  id: number;
  at: string;
}

/**
 * `message` and `room/closed`: a sentence for people.
 *
 * Of a `message`, clients of protocol 3 get the `code`.
 */
export interface Sentence {
  message: string;
  code?: "teacher_away" | "teacher_back";
}

/** `door/set`. */
export interface SetDoor {
  room_id?: number | null;
  state: Door;
}

/** `rules/set`. */
export interface SetRules {
  room_id?: number | null;
  has_results_page?: boolean;
  is_recorded?: boolean;
  auto_done?: boolean;
}

/** `tasks/set`. */
export interface SetTasks {
  room_id?: number | null;
  tasks: TaskInput[];
  rev: number;
}

export type Signal = "NONE" | "IN_PROGRESS" | "HELP" | "DONE";

/** What the host gets of `signal`. */
export interface SignalOfStudent {
  user_id: number;
  value: Signal;
}

/** `sharing/start`. */
export interface StartSharing {
  room_id: number;
  user_id: number;
  exclusive?: boolean;
}

export type Status = "NONE" | "IN_PROGRESS" | "HELP" | "DONE" | "ACCEPTED";

/** A task, or the theory page before the tasks; `content` is HTML. */
export interface Step {
  name: string;
  content: string | null;
  language: "html";
  type: TaskType;
}

/** A task, or the theory page before the tasks; `content` is HTML. */
export interface StepInput {
  name: string;
  content: string | null;
  language?: "html";
  type?: TaskType;
}

/** What the host gets of `steps/status/to_mentor`, and a row of `steps/table`. */
export interface StepsOfStudent {
  user_id: number;
  steps: Record<string, Status>;
}

/**
 * A task; `content` is HTML, `files` are what students begin with, `id` is its teacher's.
 *
 * Students get the `solution` when it is revealed.
 */
export interface Task {
  id: string;
  title: string;
  folder: string;
  type: TaskType;
  content: string;
  files: TaskFile[];
  checks: Check[];
  solution?: TaskFile[];
  points: number;
}

/** A file of a task; `filename` is relative to the task's folder. */
export interface TaskFile {
  filename: string;
  content: string;
}

/** `exercise`; `content` is HTML. */
export interface TaskInOldForm {
  content: string;
}

/**
 * A task; `content` is HTML, `files` are what students begin with, `id` is its teacher's.
 *
 * Students get the `solution` when it is revealed.
 */
export interface TaskInput {
  id: string;
  title?: string;
  folder?: string;
  type?: TaskType;
  content?: string;
  files?: TaskFile[];
  checks?: CheckInput[];
  solution?: TaskFile[];
  points?: number;
}

/** What a host of protocol 3 gets of a student's statuses: all of them, by the ids of tasks. */
export interface TaskReport {
  user_id: number;
  statuses: Record<string, Status>;
}

/** A set of tasks, with their solutions; `id` is its teacher's, as that of a task. */
export interface TaskSet {
  id: string;
  tasks: TaskInput[];
  title?: string;
}

export type TaskType = "exercise" | "theory";

/**
 * `tasks/all`: the tasks of the class; to the teacher all of them with `solution`.
 *
 * The teacher also gets the ids of those whose solution is `revealed`. Tasks that are imported and
 * not set yet come to the teacher alone.
 */
export interface Tasks {
  rev: number;
  tasks: Task[];
  revealed?: string[];
  is_imported?: boolean;
}

/** What `teacher/open` is acknowledged by: what belongs to a key, the newest first. */
export interface TeachersClasses {
  name: string;
  classes: OwnClass[];
  sets: OwnSet[];
}

/**
 * A file that a student's program does not send, its size and what it may be, in bytes.
 *
 * `too_large`: by itself; `too_much`: together with the student's others; `binary`: it is no text.
 */
export interface UnsentFile {
  filename: string;
  why: "binary" | "too_large" | "too_much";
  size: number;
  limit?: number;
}

/** A participant in a room update; current clients also get a `signal` that is not NONE. */
export interface User {
  id: number;
  sid: string;
  room: number;
  name: string;
  role: Role;
  steps: Record<string, Status>;
  signal?: Signal;
}

/** `exercise/feedback`. */
export interface Verdict {
  accepted: boolean;
}

/** What clients of classroom send. */
export interface ClassroomClientEvents {
  "checks/report": (payload: ReportChecks, ack?: Ack) => void;
  "door/set": (payload: SetDoor, ack?: Ack) => void;
  "error/from_client": (payload?: ClientError, ack?: Ack) => void;
  exercise: (payload: Exercise, ack?: Ack) => void;
  "exercise/feedback": (payload: Feedback, ack?: Ack) => void;
  "exercise/reset": (payload?: InRoom, ack?: Ack) => void;
  "help/ask": (payload?: AskForHelp, ack?: Ack) => void;
  "help/cancel": (payload?: InRoom, ack?: Ack) => void;
  "help/done": (payload: EndHelp, ack?: Ack) => void;
  "help/pause": (payload: PauseHelp, ack?: Ack) => void;
  "help/take": (payload: OfUser, ack?: Ack) => void;
  "message/to_client": (payload: MessageToClient, ack?: Ack<Sent | null>) => void;
  "message/to_mentor": (payload: MessageToMentor, ack?: Ack<Sent | null>) => void;
  "message/user": (payload: OfUser, ack?: Ack) => void;
  "notice/send": (payload: SendNotice, ack?: Ack<Sent>) => void;
  "room/close": (payload: OfRoom, ack?: Ack) => void;
  "room/create": (payload: CreateRoom, ack?: Ack) => void;
  "room/join": (payload: JoinRoom, ack?: Ack) => void;
  "room/kill": (payload: KillStudent, ack?: Ack) => void;
  "room/leave": (payload: OfRoom, ack?: Ack) => void;
  "room/pass": (payload?: GivePass, ack?: Ack<GivenPass>) => void;
  "room/rehost": (payload: RehostRoom, ack?: Ack) => void;
  "room/rejoin": (payload: ResumeRoom, ack?: Ack) => void;
  "rules/set": (payload?: SetRules, ack?: Ack) => void;
  "run/report": (payload: ReportRun, ack?: Ack) => void;
  "sets/delete": (payload: OfSet, ack?: Ack<Nothing>) => void;
  "sets/load": (payload: OfSet, ack?: Ack<LoadedSet>) => void;
  "sets/save": (payload: SaveSet, ack?: Ack<SavedSet>) => void;
  settings: (payload: Ignore, ack?: Ack) => void;
  "sharing/code_send": (payload: Code, ack?: Ack) => void;
  "sharing/code_update": (payload: Code, ack?: Ack) => void;
  "sharing/end": (payload: EndSharing, ack?: Ack) => void;
  "sharing/left_out": (payload: LeavingOut, ack?: Ack) => void;
  "sharing/start": (payload: StartSharing, ack?: Ack) => void;
  signal: (payload: SendSignal, ack?: Ack) => void;
  "steps/all": (payload: StepInput[], ack?: Ack) => void;
  "steps/import": (payload: ImportSteps, ack?: Ack) => void;
  "steps/status/to_client": (payload: Review, ack?: Ack) => void;
  "steps/status/to_mentor": (payload: Record<string, Status>, ack?: Ack) => void;
  "steps/table": (payload?: InRoom, ack?: Ack) => void;
  "tasks/report": (payload: ReportTasks, ack?: Ack) => void;
  "tasks/reveal": (payload: RevealTask, ack?: Ack) => void;
  "tasks/review": (payload: ReviewTasks, ack?: Ack<Sent | null>) => void;
  "tasks/set": (payload: SetTasks, ack?: Ack<NewRev>) => void;
  "teacher/open": (payload: OfTeacher, ack?: Ack<TeachersClasses>) => void;
  "teacher/rekey": (payload: OfTeacher, ack?: Ack<NewKey>) => void;
}

/** What the server says to clients of classroom. */
export interface ClassroomServerEvents {
  alert: (payload: Alert) => void;
  alerts: (payload: Alert) => void;
  "checks/report": (payload: ChecksOfStudent) => void;
  error: (payload: ErrorPayload) => void;
  exercise: (payload: TaskInOldForm) => void;
  "exercise/feedback": (payload: Verdict) => void;
  "exercise/reset": (payload: Nothing) => void;
  "help/place": (payload: PlaceInQueue) => void;
  "help/queue": (payload: QueuedCall[]) => void;
  message: (payload: Sentence) => void;
  "message/to_client": (payload: CurrentMessage) => void;
  "message/to_mentor": (payload: CurrentMessage) => void;
  "message/user": (payload: CurrentHistory) => void;
  notice: (payload: ClassroomNotice) => void;
  "room/closed": (payload: Sentence) => void;
  "room/join": (payload: Joined) => void;
  "room/update": (payload: RoomUpdate) => void;
  rules: (payload: Rules) => void;
  "run/report": (payload: RunOfStudent) => void;
  settings: (payload: Ignores) => void;
  "sharing/code_send": (payload: CodeOfStudent) => void;
  "sharing/code_update": (payload: CodeOfStudent) => void;
  "sharing/end": (payload: Nothing) => void;
  "sharing/left_out": (payload: LeftOutOfStudent) => void;
  "sharing/start": (payload: Nothing) => void;
  signal: (payload: SignalOfStudent) => void;
  "steps/all": (payload: Step[]) => void;
  "steps/load": (payload: Step[]) => void;
  "steps/status/to_client": (payload: Record<string, Status>) => void;
  "steps/status/to_mentor": (payload: StepsOfStudent) => void;
  "steps/table": (payload: StepsOfStudent[]) => void;
  "tasks/all": (payload: Tasks) => void;
  "tasks/report": (payload: TaskReport) => void;
  "tasks/reveal": (payload: Revealed) => void;
  "tasks/reviewed": (payload: Reviewed) => void;
}

// Http

/** The answer to what is declined: a sentence for people and a stable word for programs. */
export interface Refusal {
  detail: string;
  code: string;
}

// Nearby

/** Whom a message went to, and how many they were. */
export interface Addressed {
  audience: Audience;
  people: number;
}

/** Whoever asks: the person's id, and the token of their session. */
export interface Asking {
  id: string;
  token?: string;
}

export type Audience = "you" | "people" | "range" | "building" | "notice";

/** The answer to `auth`: 1 if the password is right. */
export interface Authenticity {
  auth: number;
}

/** What `bot/check` answers; `new` and `auth` are there only if they say something. */
export interface Availability {
  available: number;
  state: string;
  new?: number;
  auth?: number;
}

export type Claim = "range" | "building";

/** `update/coordinates`: where the person is, in degrees. */
export interface Coordinates {
  id: string;
  token?: string;
  latitude: number | string;
  longitude: number | string;
}

/**
 * `message/receive`: the Socket.IO id, or the Engine.IO id, of the connection that asks.
 *
 * With `audience` each message says whom it went to, too.
 */
export interface Fetch {
  id: string;
  token?: string;
  socket_id: string;
  audience?: boolean;
}

/** What a campus file has brought: buildings that were not here, and those that differed. */
export interface Loaded {
  added: number;
  changed: number;
}

/** `message`. The password may be here, in HTTP Basic, or have been shown before by `auth`. */
export interface NearbyNotice {
  id: string;
  message: string;
  pass?: string | null;
}

/** `new_bot`: original bots write `ID` as well. */
export interface NewBot {
  id?: string | null;
  ID?: string | null;
}

/**
 * `new_client`: original pages write `ID`.
 *
 * With `buildings` this connection hears `new_buildings`.
 */
export interface NewClient {
  id?: string | null;
  ID?: string | null;
  token?: string;
  buildings?: boolean;
}

/** The answer to `register`, shown this once. */
export interface Password {
  pass: string;
}

/** A building and its circle, `radious` in metres; everybody may know it. */
export interface Place {
  id: string;
  name: string;
  latitude: number;
  longitude: number;
  radious: number;
}

/** `auth`. */
export interface Proof {
  id: string;
  pass: string;
}

/** `show/range`: metres around the person; the point counts only if a setting lets it. */
export interface Radius {
  id: string;
  token?: string;
  latitude: number | string;
  longitude: number | string;
  radious: number | string;
}

/** `update/range`: metres. */
export interface Range {
  id: string;
  token?: string;
  radious: number | string;
}

/** `register`: a bot, and the building that it is for. */
export interface Registration {
  id: string;
  b_id: string;
}

/** A building, as far as everyone may know it. */
export interface Shown {
  id: string;
  name: string;
}

/** A person or a bot. */
export interface Someone {
  id: string;
}

/**
 * A message as a tab fetches it: the JSON text of this.
 *
 * `to` is told to those who ask for it: original pages expect the other three.
 */
export interface Told {
  timestamp: string;
  id: string;
  message: string;
  to?: Addressed | null;
}

/** `update/visible`: whether others see the person. */
export interface Visibility {
  id: string;
  token?: string;
  visible: boolean;
}

/**
 * `message/send`: to a list of ids, or to a text with one id a line.
 *
 * With the same `key` (64 bytes at most) within a day it is the same message, and sent once.
 * `audience` says that they are all in the sender's range, or building, for those who read it.
 */
export interface Writing {
  id: string;
  token?: string;
  users: string[] | string;
  message: string;
  key?: string | null;
  audience?: Claim | null;
}

/** What clients of nearby send. */
export interface NearbyClientEvents {
  new_bot: (payload?: NewBot, ack?: Ack) => void;
  new_client: (payload?: NewClient, ack?: Ack) => void;
}

/** What the server says to clients of nearby. */
export interface NearbyServerEvents {
  error: (payload: ErrorPayload) => void;
  new_buildings: () => void;
  new_message: (payload: string[]) => void;
  new_movement: () => void;
}

// Web

/**
 * The answer of `/ready`: each part is `ok` or says what is wrong.
 *
 * `bus`, `drain` and `links` are those of a node among others; the latter names nodes that are
 * silent, which does not make this one unready.
 */
export interface Readiness {
  database: string;
  loop: string;
  lock: string;
  bus?: string;
  drain?: string;
  links?: string;
}

// REST

/** Routes by method and path: what they take, and what they answer if they do not decline. */
export interface RestRoutes {
  /** All bots by id. */
  "GET /API/admin/bots/show": {
    body: undefined;
    answer: BotOverview[];
  };
  /** The bots that are authorised (1), or those that are not (0). */
  "GET /API/admin/bots/show/auth/{flag}": {
    body: undefined;
    answer: Someone[];
  };
  /** Allow a bot to send, or forbid it. */
  "POST /API/admin/bots/update/auth": {
    body: Authorisation | Authorisation[];
    answer: string[];
  };
  /** Add a building, or change the one that has this id. */
  "POST /API/admin/buildings/add": {
    body: Plan | Plan[];
    answer: string[];
  };
  /** Take a building away; its log and its bots stay. */
  "POST /API/admin/buildings/delete": {
    body: BuildingToDelete;
    answer: string[];
  };
  /**
   * Add the buildings of a campus file, and change those that are there: all, or none.
   *
   * If one of them cannot be, the answer is 400 and says which one.
   */
  "POST /API/admin/buildings/load": {
    body: CampusFile;
    answer: Loaded;
  };
  /** All buildings. */
  "GET /API/admin/buildings/show": {
    body: undefined;
    answer: Shown[];
  };
  /** All buildings by name, with their places, their bots, and how many are online there. */
  "GET /API/admin/buildings/show/all": {
    body: undefined;
    answer: BuildingOverview[];
  };
  /** Delete a chat with its messages, for all its members; the answer is an empty list. */
  "POST /API/admin/chats/close": {
    body: ChatToClose;
    answer: string[];
  };
  /**
   * Make a code with which a current client gets a phone, and a new token for it.
   *
   * Until it is used nothing changes; a second one replaces the first.
   */
  "POST /API/admin/chats/code": {
    body: PhoneToHandOver;
    answer: HandOverCode;
  };
  /** The chats, those that were used last first, by names and numbers of members as well. */
  "GET /API/admin/chats/find": {
    query: {
      search?: string;
      offset?: number;
      limit?: number;
    };
    body: undefined;
    answer: ChatPage;
  };
  /** How many chats and users there are, and how many are online. */
  "GET /API/admin/chats/show": {
    body: undefined;
    answer: ChatFigures;
  };
  /** Close a class for everybody in it; the answer is an empty list. */
  "POST /API/admin/classes/close": {
    body: ClassToClose;
    answer: string[];
  };
  /** Give a class to another teacher; whoever has it is sent away. */
  "POST /API/admin/classes/hand-over": {
    body: ClassToHandOver;
    answer: ClassHandedOver;
  };
  /**
   * Make a new key for the teacher of a class; whoever teaches with the old one is sent away.
   *
   * It opens all other classes of that teacher, too.
   */
  "POST /API/admin/classes/key": {
    body: ClassToRekey;
    answer: ClassKey;
  };
  /** The open classes: first those where somebody is online, then the newest. */
  "GET /API/admin/classes/show": {
    query: {
      offset?: number;
      limit?: number;
    };
    body: undefined;
    answer: ClassPage;
  };
  /** Live figures of the server: what is open and waits now, and totals since the start. */
  "GET /API/admin/figures": {
    body: undefined;
    answer: Figures;
  };
  /** The last day, minute by minute. */
  "GET /API/admin/figures/day": {
    body: undefined;
    answer: Day;
  };
  /** What became of the events of each name since the start, by name. */
  "GET /API/admin/figures/events": {
    body: undefined;
    answer: EventFigures[];
  };
  /** The last ten notices in a building, newest first. */
  "GET /API/admin/logs/show/building/{building_id}": {
    body: undefined;
    answer: BuildingLine[];
  };
  /** The last ten things that somebody did, newest first. */
  "GET /API/admin/logs/show/user/{user_id}": {
    body: undefined;
    answer: UserLine[];
  };
  /** Delete what was said in a room, and send everybody away; the answer is an empty list. */
  "POST /API/admin/rooms/close": {
    body: RoomToClose;
    answer: string[];
  };
  /** The alert rooms with somebody in them, then the others that were used last. */
  "GET /API/admin/rooms/show": {
    body: undefined;
    answer: AlertRoomOverview[];
  };
  /** How many people there are, all together and in each building. */
  "GET /API/admin/users/count": {
    body: undefined;
    answer: UserCounts;
  };
  /** People whose ids begin with some letters, whatever their case, in that order. */
  "GET /API/admin/users/find": {
    query: {
      search?: string;
      is_online?: boolean;
      building?: string;
      offset?: number;
      limit?: number;
    };
    body: undefined;
    answer: UserPage;
  };
  /** Everybody who has ever logged in. */
  "GET /API/admin/users/show": {
    body: undefined;
    answer: Someone[];
  };
  /** Who is online in a building. */
  "GET /API/admin/users/show/building/{building_id}": {
    body: undefined;
    answer: Someone[];
  };
  /** Everybody who is online. */
  "GET /API/admin/users/show/online": {
    body: undefined;
    answer: Someone[];
  };
  /** Show a bot's password; then this address may send as the bot for a day. */
  "POST /API/bot/auth": {
    body: Proof | Proof[];
    answer: Authenticity;
  };
  /** Whether a bot could be run now. */
  "GET /API/bot/check/{bot_id}": {
    body: undefined;
    answer: Availability;
  };
  /** Tell everyone in the bot's building, if the bot is authorised. */
  "POST /API/bot/message": {
    body: NearbyNotice | NearbyNotice[];
    answer: Availability;
  };
  /** Make a bot known. It may send when the administrator has authorised it. */
  "POST /API/bot/register": {
    body: Registration | Registration[];
    answer: Password;
  };
  /** The buildings that a bot may be for. */
  "GET /API/bot/show/buildings": {
    body: undefined;
    answer: Shown[];
  };
  /** What this tab has not fetched yet: JSON texts of `timestamp`, `id`, `message`. */
  "POST /API/user/message/receive": {
    body: Fetch | Fetch[];
    answer: string[];
  };
  /**
   * Send a message; the answer is empty, or names those who are unknown.
   *
   * It comes when the message is kept.
   */
  "POST /API/user/message/send": {
    body: Writing | Writing[];
    answer: string;
  };
  /** The others who are online in your building. */
  "POST /API/user/show/building": {
    body: Asking | Asking[];
    answer: Someone[];
  };
  /** All buildings of the campus by name, and where they are. */
  "POST /API/user/show/buildings": {
    body: Asking | Asking[];
    answer: Place[];
  };
  /** The others who are online within a radius of where you are. */
  "POST /API/user/show/range": {
    body: Radius | Radius[];
    answer: string[];
  };
  /** Say where you are; the answer is the building's name. */
  "POST /API/user/update/coordinates": {
    body: Coordinates | Coordinates[];
    answer: string;
  };
  /** Say how far you look; the answer is empty. */
  "POST /API/user/update/range": {
    body: Range | Range[];
    answer: string;
  };
  /** Say whether others see you; whoever is not seen still gets messages. Empty answer. */
  "POST /API/user/update/visible": {
    body: Visibility | Visibility[];
    answer: string;
  };
  /** Log this browser out: its session is over, and the answer takes the cookie away. */
  "DELETE /admin/session": {
    body: undefined;
    answer: undefined;
  };
  /** Whether this browser is logged in. */
  "GET /admin/session": {
    body: undefined;
    answer: AdminSession;
  };
  /**
   * Log this browser in: the answer sets the cookie `quad_admin` for twelve hours.
   *
   * A wrong password is 401, too many of them 429 with `Retry-After`.
   */
  "POST /admin/session": {
    body: AdminLogin;
    answer: undefined;
  };
  /** Answer as long as the process runs. */
  "GET /health": {
    body: undefined;
    answer: Record<string, string>;
  };
  /** Answer 200 if events can be served now, and 503 if not; watchers are told the reason. */
  "GET /ready": {
    body: undefined;
    answer: Readiness;
  };
}
