/** How many commands the peers sent to MongoDB in a scenario, and what for. */

/** The first that fits: what begins so is for that. `getMore` fetches the rest of a long answer. */
const PURPOSES: readonly (readonly [RegExp, string])[] = [
  [/^getMore/, 'getMore'],
  [/^\w+ sessions .*beat/, 'beats'],
  [/^\w+ sessions/, 'sessions read'],
  [/^\w+ (blobs|bundles|blueprints)/, 'code'],
  [/^find (tasks|dags|runs) todo/, 'sweep'],
  [/^distinct/, 'sweep'],
  [/^find runs (draft|todo)/, 'sweep'],
  [/^update tasks .*= (done|stopped|failed)/, 'complete'],
  [/^update tasks .*= claimed/, 'claim'],
  [/^find tasks .*(queue|due)/, 'look for ready tasks'],
  [/^(update|find|aggregate) edges/, 'advance'],
  [/^update tasks .*todo/, 'outbox'],
  [/^update tasks/, 'advance'],
  [/^find tasks .*holds/, 'has the DAG ended'],
  [/^find (runs|dags)/, 'run and DAG read'],
  [/^find tasks/, 'tasks read'],
]

export class CommandCounts {
  tasks = 0
  readonly counts: Record<string, number> = {}

  add(counts: Readonly<Record<string, number>>, times = 1): void {
    for (const [key, count] of Object.entries(counts)) this.counts[key] = (this.counts[key] ?? 0) + times * count
  }

  /** Per task: all, by purpose, and the commands that are sent most. */
  report(): string {
    const all = Object.entries(this.counts).filter(([, count]) => count > 0)
    const byPurpose = new Map<string, number>()
    for (const [key, count] of all) byPurpose.set(purposeOf(key), (byPurpose.get(purposeOf(key)) ?? 0) + count)
    const most = all.toSorted(([, one], [, other]) => other - one).slice(0, 24)
    return [
      `${this.#perTask(sum(byPurpose.values()))} commands of the peers per task`,
      `  for: ${this.#list([...byPurpose].toSorted(([, one], [, other]) => other - one))}`,
      ...most.map(([key, count]) => `  ${this.#perTask(count)} ${key}`),
    ].join('\n')
  }

  #list(counts: readonly (readonly [string, number])[]): string {
    return counts.map(([name, count]) => `${name} ${this.#perTask(count)}`).join(', ')
  }

  #perTask(count: number): string {
    return (count / this.tasks).toFixed(2)
  }
}

function purposeOf(key: string): string {
  return PURPOSES.find(([pattern]) => pattern.test(key))?.[1] ?? 'other'
}

function sum(counts: Iterable<number>): number {
  return Array.from(counts).reduce((total, one) => total + one, 0)
}
