/** What students need to come into the class, at the address that they reach the server by. */
const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Whether only this very machine reaches the address. */
export function isLocal(address: string): boolean {
  return LOCAL.test(new URL(address).hostname);
}

/**
 * The address to begin with: a teacher who opened the page by this computer's own name needs the one in
 * the network, which the server knows (`quad/web/network.py`) unless it listens on this computer alone.
 */
export function networkAddress(own: string, host: unknown): string {
  if (!isLocal(own) || typeof host !== "string" || host === "") {
    return own;
  }
  const url = new URL(own);
  url.hostname = host;
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** An address as people type it, as one of a server; undefined if it is none. */
export function asAddress(text: string): string | undefined {
  const typed = text.trim();
  const withScheme = /^[a-z]+:\/\//i.test(typed) ? typed : `http://${typed}`;
  if (typed === "" || !URL.canParse(withScheme)) {
    return undefined;
  }
  const url = new URL(withScheme);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  return isWeb ? url.origin + url.pathname.replace(/\/+$/, "") : undefined;
}

export function linkTo(address: string, room: number): string {
  return `${address}/classroom/${room}`;
}

/** What a student types to share a folder from any editor. */
export function commandFor(address: string, room: number): string {
  return `quad share . --room ${room} --server ${address}`;
}
