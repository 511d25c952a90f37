import { path } from "../page";

const WITHIN_MS = 4_000;

/**
 * Whether the server answers anything now: who leaves a page for one that cannot be had finds the
 * browser's own, and what was typed is gone.
 */
export async function isReachable(): Promise<boolean> {
  try {
    await fetch(path("/health"), { cache: "no-store", signal: AbortSignal.timeout(WITHIN_MS) });
    return true;
  } catch {
    return false;
  }
}
