/**
 * What this browser remembers between visits: one key of localStorage for each thing, as JSON.
 *
 * A browser may refuse to remember (private windows, a full disk): then things last as long as the
 * page. What was written by an older version, or by hand, is checked by the reader and dropped if
 * it does not fit.
 */
const PREFIX = "quad/1/";
const memory = new Map<string, string>();

/** The value of a key if there is one and `read` accepts it. */
export function kept<T>(key: string, read: (value: unknown) => T | undefined): T | undefined {
  const text = memory.get(key) ?? stored(key);
  if (text === null || text === undefined) {
    return undefined;
  }
  try {
    return read(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Remembers; returns whether it will outlive the page. */
export function keep(key: string, value: unknown): boolean {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(PREFIX + key, text);
    memory.delete(key);
    return true;
  } catch {
    memory.set(key, text);
    return false;
  }
}

export function forget(key: string): void {
  memory.delete(key);
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // Nothing was stored, then.
  }
}

/** Every key that begins so. */
export function keptKeys(beginning: string): string[] {
  const keys = new Set([...memory.keys()].filter((key) => key.startsWith(beginning)));
  try {
    for (let index = 0; index < localStorage.length; index++) {
      const key = localStorage.key(index);
      if (key?.startsWith(PREFIX + beginning)) {
        keys.add(key.slice(PREFIX.length));
      }
    }
  } catch {
    // Nothing is stored, then.
  }
  return [...keys];
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}
