/**
 * Work of one kind that many ask for at the same time: what comes while enough is under way waits and is then done as one group. Nobody
 * waits for company, so one alone is as fast as ever.
 */
interface Waiting<Item, Result> {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

export class Together<Item, Result> {
  readonly #mostItems: number
  readonly #mostGroups: number
  #waiting: Waiting<Item, Result>[] = []
  #underWay = 0

  constructor({ mostItems, mostGroups }: { mostItems: number; mostGroups: number }) {
    this.#mostItems = mostItems
    this.#mostGroups = mostGroups
  }

  /** `work` gives a result for each item, in their order; what it throws, all of its items hear. */
  do(item: Item, work: (items: readonly Item[]) => Promise<PromiseSettledResult<Result>[]>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#waiting.push({ item, resolve, reject })
    void this.#drain(work)
    return promise
  }

  async #drain(work: (items: readonly Item[]) => Promise<PromiseSettledResult<Result>[]>): Promise<void> {
    if (this.#underWay >= this.#mostGroups) return
    this.#underWay += 1
    // What is asked for in the same breath belongs together.
    await Promise.resolve()
    while (this.#waiting.length > 0) await tellAll(this.#waiting.splice(0, this.#mostItems), work)
    this.#underWay -= 1
  }
}

async function tellAll<Item, Result>(
  group: readonly Waiting<Item, Result>[],
  work: (items: readonly Item[]) => Promise<PromiseSettledResult<Result>[]>,
): Promise<void> {
  try {
    const results = await work(group.map(({ item }) => item))
    for (const [index, { resolve, reject }] of group.entries()) {
      const result = results[index]
      if (result?.status === 'fulfilled') resolve(result.value)
      else reject(result?.reason)
    }
  } catch (error) {
    for (const { reject } of group) reject(error)
  }
}
