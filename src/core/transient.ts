/**
 * Maps and sets whose entries come and go all the time while some are always there: what is under way.
 *
 * When a Map of V8 has no room left for what is added, as those that were deleted take it, it goes on with a new table, and the old one keeps its
 * entries and a reference to the new one, for iterators. Once one of these tables has become old, collections of young objects leave it alone, and
 * the next table with all that was in it, and so on: whatever was ever under way stays until everything is collected. So there is a new Map before that.
 */

/** Added since the Map is new: about as many as are there, so that a new one costs little for each. */
const RENEWED_AFTER = 128

/** Iterating it, one adds nothing at the same time: that may not be seen, and what is deleted then may be. */
export class TransientMap<Key, Value> {
  #map = new Map<Key, Value>()
  #added = 0

  get size(): number {
    return this.#map.size
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key)
  }

  has(key: Key): boolean {
    return this.#map.has(key)
  }

  set(key: Key, value: Value): void {
    this.#added += 1
    if (this.#added > Math.max(RENEWED_AFTER, this.#map.size)) {
      this.#map = new Map(this.#map)
      this.#added = 0
    }
    this.#map.set(key, value)
  }

  delete(key: Key): boolean {
    return this.#map.delete(key)
  }

  clear(): void {
    this.#map = new Map()
    this.#added = 0
  }

  keys(): MapIterator<Key> {
    return this.#map.keys()
  }

  values(): MapIterator<Value> {
    return this.#map.values()
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.#map.entries()
  }
}

/** The same as a set. */
export class TransientSet<Value> {
  readonly #map = new TransientMap<Value, true>()

  get size(): number {
    return this.#map.size
  }

  has(value: Value): boolean {
    return this.#map.has(value)
  }

  add(value: Value): void {
    this.#map.set(value, true)
  }

  delete(value: Value): boolean {
    return this.#map.delete(value)
  }

  [Symbol.iterator](): MapIterator<Value> {
    return this.#map.keys()
  }
}
