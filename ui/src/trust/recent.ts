/** A map that holds a bounded number of entries; the one not touched for the longest time goes first. */
export class Recent<K, V> {
  readonly #entries = new Map<K, V>();

  constructor(
    private readonly bound: number,
    private readonly fresh: () => V,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** The entry, made where there is none; touched now. */
  touch(key: K): V {
    const entry = this.#entries.get(key) ?? this.fresh();
    // A map keeps the order of insertion.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.bound && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }

  values(): Iterable<V> {
    return this.#entries.values();
  }
}
