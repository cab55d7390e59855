/** What this peer tells the others: hints, which may get lost. Whoever misses one finds the same in the ledger. */
import type { Mesh } from '../mesh/mesh.ts'

export class Announcer {
  readonly #mesh: Pick<Mesh, 'publish'>
  /** What others were last told of its load. */
  #toldLoad = ''

  constructor(mesh: Pick<Mesh, 'publish'>) {
    this.#mesh = mesh
  }

  /** One hint for each queue and run. */
  ready(tasks: readonly { queue: string; run: string }[]): void {
    const groups = new Map<string, { queue: string; run: string; count: number }>()
    for (const { queue, run } of tasks) {
      const group = groups.get(`${queue}\0${run}`) ?? { queue, run, count: 0 }
      group.count += 1
      groups.set(`${queue}\0${run}`, group)
    }
    for (const group of groups.values()) this.#mesh.publish({ kind: 'ready', ...group })
  }

  /** A task that follows another in its place changes nothing that others need to know. */
  load({ taken, total }: { taken: number; total: number }, draining: boolean): void {
    const told = `${taken} ${draining}`
    if (told === this.#toldLoad) return
    this.#toldLoad = told
    this.#mesh.publish({ kind: 'load', busy: taken, capacity: total, draining })
  }

  burial(session: string): void {
    this.#mesh.publish({ kind: 'buried', session })
  }

  /** Somebody comes or goes. */
  members(): void {
    this.#mesh.publish({ kind: 'members' })
  }
}
