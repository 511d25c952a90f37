/** Has the engine come before anybody presses Run, when the page has nothing else to do. */
import type { Run } from "./run.svelte";

/** A class opens its pages within a second; its network is given so long. */
const SPREAD_MS = 30_000;

/** Begins once the page has been idle for a while; what is returned takes it back. */
export function ahead(run: Run): () => void {
  const network = (navigator as { connection?: { saveData?: boolean } }).connection;
  if (network?.saveData === true) {
    return () => undefined;
  }
  // Whoever presses Run meanwhile does not wait for it; and what does not come then comes by Run.
  const prepare = () => void run.prepare("python").catch(() => undefined);
  const wait = setTimeout(() => whenIdle(prepare), Math.random() * SPREAD_MS);
  return () => clearTimeout(wait);
}

function whenIdle(act: () => void): void {
  if ("requestIdleCallback" in window) {
    requestIdleCallback(act);
  } else {
    act();
  }
}
