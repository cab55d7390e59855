/** How a transaction in memory is undone: every change notes its reverse. */
export class UndoLog {
  #undos: (() => void)[] = []

  /** Runs `work`; when it throws, everything that was noted meanwhile is undone, newest first. */
  transact<T>(work: () => T): T {
    this.#undos = []
    try {
      return work()
    } catch (error) {
      for (const undo of this.#undos.toReversed()) undo()
      throw error
    } finally {
      this.#undos = []
    }
  }

  note(undo: () => void): void {
    this.#undos.push(undo)
  }

  /** Sets a map's entry and notes the reverse. */
  set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    const had = map.has(key)
    const before = map.get(key)
    map.set(key, value)
    this.note(() => (had ? map.set(key, before as Value) : map.delete(key)))
  }

  delete<Key, Value>(map: Map<Key, Value>, key: Key): void {
    if (!map.has(key)) return
    const before = map.get(key) as Value
    map.delete(key)
    this.note(() => map.set(key, before))
  }
}
