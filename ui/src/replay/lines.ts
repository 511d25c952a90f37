/** The lines of a history as the server gives them out; `docs/reference/classroom.md` says what they hold. */

/** Texts by the names of files. */
export type Files = ReadonlyMap<string, string>;

/** At `start`, `removed` UTF-16 units go and `inserted` comes. */
export interface Edit {
  seq: number;
  /** In milliseconds since 1970, as all times here. */
  at: number;
  filename: string;
  start: number;
  removed: number;
  inserted: string;
  /** The file is gone afterwards. */
  isLast: boolean;
  /** It stands for all that was written within a minute. */
  isThinned: boolean;
  isPasted: boolean;
}

const MARK_KINDS = ["check", "help", "join", "run", "status"] as const;
export type MarkKind = (typeof MARK_KINDS)[number];

/** Something else that happened. */
export interface Mark {
  id: number;
  at: number;
  kind: MarkKind;
  data: Readonly<Record<string, unknown>>;
}

export type Line = { files: Files } | { edit: Edit } | { mark: Mark };

/** Lines out of a text that comes in pieces. */
export class Lines {
  private rest = "";

  /** The lines that are whole now. */
  *push(piece: string): Generator<Line> {
    const texts = (this.rest + piece).split("\n");
    this.rest = texts.pop() ?? "";
    for (const text of texts) {
      const line = lineOf(text);
      if (line !== undefined) {
        yield line;
      }
    }
  }
}

/** One line; undefined for what a later server may say beside these. */
export function lineOf(text: string): Line | undefined {
  const { files, mark, ...edit } = JSON.parse(text) as Record<string, unknown>;
  if (files !== undefined) {
    return { files: new Map(Object.entries(files as Record<string, string>)) };
  }
  if (mark !== undefined) {
    return markOf(mark as Record<string, unknown>);
  }
  return typeof edit["seq"] === "number" ? { edit: editOf(edit) } : undefined;
}

function editOf(said: Record<string, unknown>): Edit {
  return {
    seq: Number(said["seq"]),
    at: timeOf(said["at"]),
    filename: String(said["filename"]),
    start: Number(said["start"]),
    removed: Number(said["removed"]),
    inserted: String(said["inserted"]),
    isLast: said["kind"] === "removed",
    isThinned: said["kind"] === "thinned",
    isPasted: said["pasted"] === true,
  };
}

function markOf(said: Record<string, unknown>): { mark: Mark } | undefined {
  const kind = MARK_KINDS.find((known) => known === said["kind"]);
  const data = Object(said["data"]) as Record<string, unknown>;
  return kind && { mark: { id: Number(said["id"]), at: timeOf(said["at"]), kind, data } };
}

function timeOf(text: unknown): number {
  return Date.parse(String(text));
}
