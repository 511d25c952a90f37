/** Histories from the server: whole, or what is new of one that is being looked at. */
import { path } from "../page";
import { Patience } from "../wire/patience";
import { watchWaking } from "../wire/waking";
import { Lines, type Line } from "./lines";

/** Whose history, and the token of somebody who may see it. */
export interface Source {
  room: number;
  user: number;
  token: string;
}

/** `refused`: the token is not, or no longer, one of this class. */
export type Outcome = "read" | "nothing" | "refused" | "unreachable";

// A long history over a slow line; of a server that is there, the first line comes at once.
const patience = new Patience(60_000);

if (typeof document !== "undefined") {
  watchWaking(() => patience.woke());
}

/** Gives the lines behind an edit as they come. */
export function readHistory(
  source: Source,
  after: number,
  heard: (lines: Line[]) => void,
): Promise<Outcome> {
  return asked(source, `after=${after}`, async ({ body }) => {
    const lines = new Lines();
    const decoder = new TextDecoder();
    const reader = body?.getReader();
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
      heard([...lines.push(decoder.decode(piece.value, { stream: true }))]);
    }
  });
}

/** Gives all of it as an archive, with the files as they are now. */
export function readArchive(source: Source, heard: (archive: Blob) => void): Promise<Outcome> {
  return asked(source, "as=zip", async (answer) => heard(await answer.blob()));
}

async function asked(
  { room, user, token }: Source,
  query: string,
  take: (answer: Response) => Promise<void>,
): Promise<Outcome> {
  const headers = { Authorization: `Bearer ${token}` };
  try {
    return await patience.during(async (signal) => {
      const address = path(`/classes/${room}/history/${user}?${query}`);
      const answer = await fetch(address, { headers, cache: "no-store", signal });
      if (answer.ok) {
        await take(answer);
      }
      return outcomeOf(answer.status);
    });
  } catch {
    return "unreachable";
  }
}

function outcomeOf(status: number): Outcome {
  switch (status) {
    case 200:
      return "read";
    case 404:
      return "nothing";
    case 401:
      return "refused";
    default:
      return "unreachable";
  }
}
