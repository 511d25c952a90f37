/**
 * Which transport a connection tries next.
 *
 * WebSocket first. Some networks refuse it, and the library goes on to long-polling by itself. Some let
 * it be opened and swallow what it carries, or cut it after a moment: neither is an error to the
 * library, which would try the same again for ever.
 */
import { keep, kept } from "./kept";

/** Whoever loses a WebSocket so soon, and again, polls. */
export const EARLY_MS = 20_000;
const EARLY_LIMIT = 2;
/** A network that needed polling is remembered: the next page does not have to find out. */
const REMEMBERED_MS = 3_600_000;
const KEY = "polling_until";

const WEBSOCKET = "websocket";
const POLLING = "polling";

export class TransportChoice {
  private isPolling: boolean;
  private early = 0;
  private transport = "";
  private connectedAt = 0;

  constructor(private readonly now: () => number = Date.now) {
    this.isPolling = (kept(KEY, asNumber) ?? 0) > now();
  }

  /** In the order of trying. */
  get transports(): string[] {
    return this.isPolling ? [POLLING] : [WEBSOCKET, POLLING];
  }

  /** An attempt has led to nothing: the next one is made otherwise. */
  failed(): void {
    this.poll(!this.isPolling);
  }

  /** There is a connection, over this transport. */
  connected(transport: string): void {
    this.transport = transport;
    this.connectedAt = this.now();
    if (transport === POLLING) {
      this.poll(true);
    }
  }

  /** The network has ended a connection. */
  lost(): void {
    if (this.transport !== WEBSOCKET) {
      return;
    }
    this.early = this.now() - this.connectedAt < EARLY_MS ? this.early + 1 : 0;
    if (this.early >= EARLY_LIMIT) {
      this.poll(true);
    }
  }

  private poll(isPolling: boolean): void {
    this.isPolling = isPolling;
    keep(KEY, isPolling && this.transport === POLLING ? this.now() + REMEMBERED_MS : 0);
  }
}

function asNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
