/** How many commands were sent to MongoDB in a scenario, and what for. */

const BEATS = 'beats'
const SWEEPS = 'sweeps'

/**
 * The first that fits: what begins so is for that. `getMore` fetches the rest of a long answer. Of a sweep that is what it asks whether or not
 * there is work; its look for ready tasks cannot be told from others.
 */
const PURPOSES: readonly (readonly [RegExp, string])[] = [
  [/^getMore/, 'getMore'],
  [/^\w+ sessions .*beat/, BEATS],
  [/^find sessions (\$or|state)/, SWEEPS],
  [/^\w+ sessions/, 'sessions read'],
  [/^\w+ (blobs|bundles|blueprints)/, 'code'],
  [/^(find|aggregate) (tasks|dags|runs) todo/, SWEEPS],
  [/^distinct/, SWEEPS],
  [/^find tasks owner,state/, SWEEPS],
  [/^find runs (draft|todo)/, SWEEPS],
  [/^\w+ (store|storeHeads|storeDone) /, 'store'],
  [/^update tasks .*= (done|stopped|failed)/, 'complete'],
  [/^update tasks .*= claimed/, 'claim'],
  [/^find tasks .*(queue|due)/, 'look for ready tasks'],
  [/^(update|find|aggregate) edges/, 'advance'],
  [/^update tasks .*todo/, 'outbox'],
  [/^update tasks/, 'advance'],
  [/^find tasks .*holds/, 'ends'],
  [/^find dags .*state/, 'ends'],
  [/^update (dags|runs) .*state/, 'ends'],
  [/^find (runs|dags)/, 'run and DAG read'],
  [/^find tasks/, 'tasks read'],
]

export class CommandCounts {
  tasks = 0
  readonly counts: Record<string, number> = {}

  add(counts: Readonly<Record<string, number>>, times = 1): void {
    for (const [key, count] of Object.entries(counts)) this.counts[key] = (this.counts[key] ?? 0) + times * count
  }

  /** What was counted between two moments in which so many tasks were done. */
  note(tasks: number, before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): void {
    this.tasks += tasks
    this.add(after)
    this.add(before, -1)
  }

  /** Per task: all but beats and sweeps, these, by purpose, and the commands that are sent most. */
  report(): string {
    const all = Object.entries(this.counts).filter(([, count]) => count > 0)
    const byPurpose = this.#byPurpose()
    const besides = (byPurpose.get(BEATS) ?? 0) + (byPurpose.get(SWEEPS) ?? 0)
    const most = all.toSorted(([, one], [, other]) => other - one).slice(0, 24)
    return [
      `${this.#perTask(this.all - besides)} commands per task, and ${this.#perTask(besides)} for beats and sweeps`,
      `  for: ${this.#list([...byPurpose].toSorted(([, one], [, other]) => other - one))}`,
      ...most.map(([key, count]) => `  ${this.#perTask(count)} ${key}`),
    ].join('\n')
  }

  get all(): number {
    return sum(Object.values(this.counts))
  }

  get perTask(): string {
    return this.#perTask(this.all)
  }

  #byPurpose(): Map<string, number> {
    const byPurpose = new Map<string, number>()
    for (const [key, count] of Object.entries(this.counts)) {
      if (count > 0) byPurpose.set(purposeOf(key), (byPurpose.get(purposeOf(key)) ?? 0) + count)
    }
    return byPurpose
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
