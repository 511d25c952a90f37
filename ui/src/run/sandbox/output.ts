/** What a program prints, with the middle left out when it is too long. Pure but for whom it tells. */
import { OUTPUT_LIMIT, type Piece, type Stream } from "../messages";

const HALF = OUTPUT_LIMIT / 2;
/** The end of a long output is told this often: nobody reads faster. */
const TELL_MS = 250;

type Tell = (
  said: { kind: "output"; piece: Piece } | { kind: "tail"; leftOut: number; pieces: Piece[] },
) => void;

export class Output {
  private room = HALF;
  private tail: Piece[] = [];
  private tailLength = 0;
  private leftOut = 0;
  private toldAt = -Infinity;
  private isTold = true;

  constructor(
    private readonly tell: Tell,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The first half is told at once: a program that computes afterwards gives no other occasion. */
  write(stream: Stream, text: string): void {
    const head = text.slice(0, this.room);
    this.room -= head.length;
    if (head !== "") {
      this.tell({ kind: "output", piece: { stream, text: head } });
    }
    const rest = text.slice(head.length);
    if (rest !== "") {
      this.keep({ stream, text: rest });
    }
  }

  /** Tells what was held back. */
  flush(): void {
    if (!this.isTold) {
      this.isTold = true;
      this.toldAt = this.now();
      const pieces = this.joined();
      this.tell({ kind: "tail", leftOut: this.leftOut, pieces });
    }
  }

  private keep(piece: Piece): void {
    this.tail.push(piece);
    this.tailLength += piece.text.length;
    // In steps of a half: cutting at each line would cost as much as the output is long.
    if (this.tailLength > 2 * HALF) {
      this.cut();
    }
    this.isTold = false;
    if (this.now() - this.toldAt >= TELL_MS) {
      this.flush();
    }
  }

  private joined(): Piece[] {
    this.cut();
    const joined: Piece[] = [];
    for (const piece of this.tail) {
      const last = joined.at(-1);
      if (last?.stream === piece.stream) {
        joined[joined.length - 1] = { ...last, text: last.text + piece.text };
      } else {
        joined.push(piece);
      }
    }
    this.tail = [...joined];
    return joined;
  }

  private cut(): void {
    let excess = this.tailLength - HALF;
    if (excess <= 0) {
      return;
    }
    this.leftOut += excess;
    this.tailLength = HALF;
    const whole = this.tail.findIndex(({ text }) => {
      const isKept = text.length > excess;
      excess -= isKept ? 0 : text.length;
      return isKept;
    });
    const [first, ...others] = this.tail.slice(whole);
    this.tail =
      first === undefined ? [] : [{ ...first, text: first.text.slice(excess) }, ...others];
  }
}
