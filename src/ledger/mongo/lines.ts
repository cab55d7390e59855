/** Work of this process on the same thing, one after the other: what would only get in its own way at the server. */
export class Lines {
  readonly #last = new Map<string, Promise<unknown>>()

  async inLine<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const turn = (async () => {
      await before
      return work()
    })()
    const over = Promise.allSettled([turn])
    this.#last.set(key, over)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === over) this.#last.delete(key)
    }
  }
}
