/** What the library's pages ask by HTTP: sets as folders, and pictures. The key goes in a header alone. */
import { path } from "../page";
import type { Refusal } from "../wire/teacher";

/** What became of a folder that was taken. */
export interface TakenSet {
  id: string;
  title: string;
  tasks: number;
  /** Files that are no part of the set, and pictures that the folder has not. */
  left_out: string[];
}

/** A picture, or a folder, over a line of a school; the server may have to convert a hundred pages. */
const WITHIN_MS = 120_000;

export function giveSet(key: string, id: string): Promise<Blob | Refusal> {
  return asked(key, `/classes/sets/${encodeURIComponent(id)}.zip`, undefined, (answer) =>
    answer.blob(),
  );
}

export function takeSet(key: string, archive: Blob): Promise<TakenSet | Refusal> {
  return asked(key, "/classes/sets", archive, async (answer) => (await answer.json()) as TakenSet);
}

/** Gives the picture's address for the HTML of tasks. */
export function keepPicture(key: string, picture: Blob): Promise<string | Refusal> {
  return asked(key, "/classes/pictures", picture, async (answer) => {
    const { src } = (await answer.json()) as { src: string };
    return src;
  });
}

export function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === "object" && answer !== null && "isDone" in answer;
}

async function asked<T>(
  key: string,
  place: string,
  body: Blob | undefined,
  take: (answer: Response) => Promise<T>,
): Promise<T | Refusal> {
  try {
    const answer = await fetch(path(place), {
      headers: { Authorization: `Bearer ${key}` },
      cache: "no-store",
      signal: AbortSignal.timeout(WITHIN_MS),
      ...(body !== undefined && { method: "POST", body }),
    });
    return await (answer.ok ? take(answer) : refusalOf(answer));
  } catch {
    return { isDone: false, code: "offline", message: "", retryAfterS: undefined };
  }
}

/** A proxy's page has no code: its status stands for one. */
async function refusalOf(answer: Response): Promise<Refusal> {
  const said = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string };
  const retryAfterS = Number(answer.headers.get("Retry-After")) || undefined;
  const code = said.code ?? (answer.status === 413 ? "too_large" : "no_answer");
  return { isDone: false, code, message: said.detail ?? "", retryAfterS };
}
