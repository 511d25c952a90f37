/** A Socket.IO connection as all pages use it: one server, one namespace, backoff with jitter. */
import { io, type Socket } from "socket.io-client";
import { page, path } from "../page";
import { TransportChoice } from "./transports";
import { WAKING_MS, watchWaking } from "./waking";

/** How the connection is: `lost` means that it tries again by itself. */
export type Link = "connecting" | "open" | "lost" | "ended";

type Events<T> = { [E in keyof T]: (...args: never[]) => void };
type AnySocket = Pick<Socket, "io" | "on" | "active" | "connected" | "connect" | "disconnect">;

/** For an attempt, whatever it hangs on. */
const OPENING_MS = 10_000;

/** Connects when `connect()` is called on it; generics are the event maps of `generated.ts`. */
export function makeSocket<Hears extends Events<Hears>, Says extends Events<Says>>(): Socket<
  Hears,
  Says
> {
  const choice = new TransportChoice();
  const socket = io({
    path: path(page.socketPath),
    autoConnect: false,
    transports: choice.transports,
    // A network that refuses WebSockets gets long-polling.
    tryAllTransports: true,
    reconnectionDelay: 500,
    reconnectionDelayMax: 10_000,
    randomizationFactor: 0.5,
    timeout: OPENING_MS,
  });
  chooseTransports(socket, choice);
  wakeWithPage(socket);
  return socket;
}

/**
 * Tells how the connection is. The server may end a connection on purpose (`io server disconnect`):
 * whether to come back is then for the caller to say by `connect()`.
 */
export function watchLink(socket: Pick<Socket, "on" | "active">, tell: (link: Link) => void): void {
  socket.on("connect", () => tell("open"));
  socket.on("connect_error", () => tell("lost"));
  socket.on("disconnect", (reason) => tell(isOnPurpose(reason) ? "ended" : "lost"));
}

/**
 * Connects, and at once: while the library waits before its next attempt, it takes no notice of a plain
 * `connect()`.
 */
export function connectNow(socket: Pick<Socket, "connected" | "connect" | "disconnect">): void {
  if (!socket.connected) {
    socket.disconnect();
    socket.connect();
  }
}

function isOnPurpose(reason: string): boolean {
  return reason === "io server disconnect" || reason === "io client disconnect";
}

function chooseTransports(socket: AnySocket, choice: TransportChoice): void {
  const manager = socket.io;
  const apply = (): void => {
    manager.opts.transports = choice.transports;
  };
  let opening: ReturnType<typeof setTimeout> | undefined;
  const failed = (): void => {
    clearTimeout(opening);
    if (!socket.connected) {
      choice.failed();
      apply();
    }
  };
  manager.on("error", failed);
  // The library's own limit ends with the server's first packet; a filter may swallow what follows.
  manager.on("open", () => {
    clearTimeout(opening);
    opening = setTimeout(() => {
      failed();
      drop(socket);
    }, OPENING_MS);
  });
  manager.on("close", () => clearTimeout(opening));
  socket.on("connect", () => {
    clearTimeout(opening);
    choice.connected(manager.engine.transport.name);
    apply();
  });
  // The server itself has declined.
  socket.on("connect_error", () => clearTimeout(opening));
  socket.on("disconnect", (reason) => {
    clearTimeout(opening);
    if (!isOnPurpose(reason)) {
      choice.lost();
      apply();
    }
  });
}

/** A page that slept, or whose network has changed, asks whether its path is still alive. */
function wakeWithPage(socket: AnySocket): void {
  let isAsking = false;
  const wake = async (): Promise<void> => {
    if (isAsking || !socket.active) {
      return;
    }
    isAsking = true;
    if (!socket.connected) {
      connectNow(socket);
    } else if (!(await isAnswered(socket)) && socket.connected) {
      drop(socket);
    }
    isAsking = false;
  };
  watchWaking(() => void wake());
}

/** Nobody serves this namespace, and the server says so: that shows that the path is alive. */
function isAnswered(socket: AnySocket): Promise<boolean> {
  const question = socket.io.socket("/here");
  return new Promise((resolve) => {
    const tell = (isAlive: boolean): void => {
      clearTimeout(timer);
      question.off();
      question.disconnect();
      resolve(isAlive);
    };
    const timer = setTimeout(() => tell(false), WAKING_MS);
    question.on("connect_error", () => tell(true));
    question.connect();
  });
}

/**
 * Ends a connection whose path is dead. `close()` would wait until the path has taken what was written
 * last, which it never does; this is what the library itself does when the server's pings stay away.
 */
function drop(socket: AnySocket): void {
  (socket.io.engine as unknown as { _onClose: (reason: string) => void })._onClose("ping timeout");
}
