/**
 * Other windows of this browser. A class that runs in one of them is not entered by itself in a
 * second one, because that would take it away from the first.
 */
const ANSWER_WITHIN_MS = 150;

type Word = { asks: number } | { has: number };

export class Windows {
  private readonly channel = new BroadcastChannel("quad/classroom");
  private room = 0;

  constructor() {
    this.channel.addEventListener("message", (event: MessageEvent<Word>) => {
      if ("asks" in event.data && event.data.asks === this.room) {
        this.channel.postMessage({ has: this.room } satisfies Word);
      }
    });
  }

  /** This window has a class now; 0 for none. */
  hold(room: number): void {
    this.room = room;
  }

  /** Whether another window has the class. */
  async isElsewhere(room: number): Promise<boolean> {
    return new Promise((resolve) => {
      const hear = (event: MessageEvent<Word>): void => {
        if ("has" in event.data && event.data.has === room) {
          resolve(true);
        }
      };
      this.channel.addEventListener("message", hear);
      this.channel.postMessage({ asks: room } satisfies Word);
      setTimeout(() => {
        this.channel.removeEventListener("message", hear);
        resolve(false);
      }, ANSWER_WITHIN_MS);
    });
  }
}
