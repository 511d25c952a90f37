/** Why there is no connection: browsers do not tell a page why its WebSocket was refused. */
import { page, path } from "../page";

/** `refused`: the server takes the page for another site's; `no_websocket`: none gets through. */
export type Trouble = "refused" | "no_websocket" | undefined;

const ANSWER_WITHIN_MS = 5_000;

/** What a probe needs of a WebSocket. */
export type Opening = Pick<WebSocket, "onmessage" | "onerror" | "close">;

/** Asks the server by plain HTTP, and then tries a WebSocket; nothing is known if neither answers. */
export async function diagnose(
  open: (address: string) => Opening = (address) => new WebSocket(address),
): Promise<Trouble> {
  try {
    const asked = await ask("/connection", "POST");
    const { is_allowed: isAllowed } = (await asked.json()) as { is_allowed: boolean };
    if (!isAllowed) {
      return "refused";
    }
    // Whoever is let in by polling would be let in by WebSocket, too.
    await ask(`${page.socketPath}?EIO=4&transport=polling`, "GET");
    return (await carries(open)) ? undefined : "no_websocket";
  } catch {
    return undefined;
  }
}

async function ask(address: string, method: string): Promise<Response> {
  const answer = await fetch(path(address), {
    method,
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  if (!answer.ok) {
    throw new Error(answer.statusText);
  }
  return answer;
}

/** Whether a WebSocket opens, and brings what the server says first: some filters swallow that. */
function carries(open: (address: string) => Opening): Promise<boolean> {
  return new Promise((resolve) => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const address = path(`${page.socketPath}?EIO=4&transport=websocket`);
    const socket = open(`${scheme}://${location.host}${address}`);
    const tell = (does: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(does);
    };
    const timer = setTimeout(() => tell(false), ANSWER_WITHIN_MS);
    socket.onmessage = () => tell(true);
    socket.onerror = () => tell(false);
  });
}
