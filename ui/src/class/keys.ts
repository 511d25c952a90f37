/**
 * Keys of messages: a message that nobody confirmed is sent again under its key, and the server
 * takes it once.
 */

/** A key that nobody else uses. Not `randomUUID`, which pages without https do not have. */
export function newKey(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return [...words].map((word) => word.toString(36)).join("-");
}
