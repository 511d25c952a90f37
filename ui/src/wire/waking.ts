/**
 * When a page should ask whether its path to the server is still alive, instead of waiting until it
 * misses something: it slept, or its network has changed.
 */

/** How long an answer may take that is looked for then. */
export const WAKING_MS = 4_000;

/** Tells whenever that may be; `signal` ends it. */
export function watchWaking(wakes: () => void, signal?: AbortSignal): void {
  const options = signal === undefined ? {} : { signal };
  const seen = (): void => {
    if (!document.hidden) {
      wakes();
    }
  };
  document.addEventListener("visibilitychange", seen, options);
  // A browser may freeze a page also while it is seen, as when the lid is closed.
  document.addEventListener("resume", wakes, options);
  addEventListener("pageshow", ({ persisted }) => persisted && wakes(), options);
  addEventListener("online", wakes, options);
  // Perhaps: a server on this machine, or in this room, is reached all the same.
  addEventListener("offline", wakes, options);
}
