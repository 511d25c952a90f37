/** Parts of the application that come when they are needed, also over a connection that is lost. */

const PAUSE_MS = 2000;

/**
 * What `load` imports; asked for again until it comes. Undefined if nobody wants it any more.
 *
 * A browser may keep in mind that a file could not be had, and then only a reload helps: until that,
 * what stands in its place stays usable.
 */
export async function arriving<Part>(
  load: () => Promise<Part>,
  isWanted: () => boolean,
  pause: (ms: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms)),
): Promise<Part | undefined> {
  while (isWanted()) {
    try {
      const part = await load();
      return isWanted() ? part : undefined;
    } catch {
      await pause(PAUSE_MS);
    }
  }
  return undefined;
}
