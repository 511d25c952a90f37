/**
 * A map that never changes: `with` and `without` give a new one, which shares nearly everything with
 * the old one. What changes often (the file that is being typed, the students who type) lies in a
 * small part that is copied; when that has grown, it is folded into the large part.
 */
const RECENT_LIMIT = 32;
const GONE = Symbol("gone");

export class PersistentMap<K, V> {
  private constructor(
    private readonly settled: ReadonlyMap<K, V>,
    private readonly recent: ReadonlyMap<K, V | typeof GONE>,
    readonly size: number,
  ) {}

  static of<K, V>(entries: Iterable<readonly [K, V]> = []): PersistentMap<K, V> {
    const settled = new Map(entries);
    return new PersistentMap(settled, new Map<K, V | typeof GONE>(), settled.size);
  }

  get(key: K): V | undefined {
    const recent = this.recent.get(key);
    if (recent === undefined) {
      return this.settled.get(key);
    }
    return recent === GONE ? undefined : recent;
  }

  has(key: K): boolean {
    return this.recent.has(key) ? this.recent.get(key) !== GONE : this.settled.has(key);
  }

  /** The same map if the value is already this one. */
  with(key: K, value: V): PersistentMap<K, V> {
    const isKnown = this.has(key);
    if (isKnown && this.get(key) === value) {
      return this;
    }
    return this.changed(key, value, isKnown ? this.size : this.size + 1);
  }

  without(key: K): PersistentMap<K, V> {
    return this.has(key) ? this.changed(key, GONE, this.size - 1) : this;
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    for (const [key, value] of this.settled) {
      const recent = this.recent.get(key);
      if (recent === undefined) {
        yield [key, value];
      } else if (recent !== GONE) {
        yield [key, recent];
      }
    }
    for (const [key, value] of this.recent) {
      if (value !== GONE && !this.settled.has(key)) {
        yield [key, value];
      }
    }
  }

  *keys(): Generator<K> {
    for (const [key] of this) {
      yield key;
    }
  }

  *values(): Generator<V> {
    for (const [, value] of this) {
      yield value;
    }
  }

  private changed(key: K, value: V | typeof GONE, size: number): PersistentMap<K, V> {
    const recent = new Map(this.recent).set(key, value);
    const map = new PersistentMap(this.settled, recent, size);
    return recent.size > RECENT_LIMIT ? PersistentMap.of(map) : map;
  }
}
