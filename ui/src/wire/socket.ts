/** A Socket.IO connection as all pages use it: one server, one namespace, backoff with jitter. */
import { io, type Socket } from "socket.io-client";
import { page, path } from "../page";

/** How the connection is: `lost` means that it tries again by itself. */
export type Link = "connecting" | "open" | "lost" | "ended";

type Events<T> = { [E in keyof T]: (...args: never[]) => void };

/** Connects when `connect()` is called on it; generics are the event maps of `generated.ts`. */
export function makeSocket<Hears extends Events<Hears>, Says extends Events<Says>>(): Socket<
  Hears,
  Says
> {
  return io({
    path: path(page.socketPath),
    autoConnect: false,
    transports: ["websocket", "polling"],
    // A network that lets no WebSocket through gets long-polling.
    tryAllTransports: true,
    reconnectionDelay: 500,
    reconnectionDelayMax: 10_000,
    randomizationFactor: 0.5,
    timeout: 10_000,
  });
}

/**
 * Tells how the connection is. The server may end a connection on purpose (`io server disconnect`):
 * whether to come back is then for the caller to say by `connect()`.
 */
export function watchLink(socket: Pick<Socket, "on" | "active">, tell: (link: Link) => void): void {
  socket.on("connect", () => tell("open"));
  socket.on("connect_error", () => tell("lost"));
  socket.on("disconnect", (reason) => {
    const isOver = reason === "io server disconnect" || reason === "io client disconnect";
    tell(isOver ? "ended" : "lost");
  });
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
