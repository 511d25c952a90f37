/**
 * Keys of messages: a message that nobody confirmed is sent again under its key, and the server
 * takes it once.
 */

/** A key that nobody else uses. Not `randomUUID`, which pages without https do not have. */
export function newKey(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return [...words].map((word) => word.toString(36)).join("-");
}

/** Of each conversation, the message whose fate nobody knows. */
export class Unconfirmed {
  private readonly messages = new Map<number, { content: string; key: string }>();

  /** The same key for the same words, as long as they are not settled. */
  keyOf(conversation: number, content: string): string {
    const known = this.messages.get(conversation);
    if (known?.content === content) {
      return known.key;
    }
    const key = newKey();
    this.messages.set(conversation, { content, key });
    return key;
  }

  /** The server has taken the message, or declined it. */
  settle(conversation: number): void {
    this.messages.delete(conversation);
  }
}
