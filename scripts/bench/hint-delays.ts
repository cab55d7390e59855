/** How long hints take: each one carries the moment when it was published, in the name of its run. Both peers are on one host. */
import type { Mesh } from '../../src/mesh/mesh.ts'

const EVERY_MS = 20

export class HintDelays {
  #delays: number[] = []

  constructor(mesh: Mesh) {
    mesh.on('hint', ({ hint }) => {
      if (hint.kind === 'ready') this.#delays.push(nowMs() - Number(hint.run))
    })
  }

  take(): number[] {
    return this.#delays.splice(0)
  }
}

export async function sendHints(mesh: Mesh, forMs: number): Promise<void> {
  const endMs = nowMs() + forMs
  while (nowMs() < endMs) {
    mesh.publish({ kind: 'ready', queue: 'bench', run: nowMs().toFixed(3), count: 1 })
    await new Promise(resolve => setTimeout(resolve, EVERY_MS))
  }
}

function nowMs(): number {
  return performance.timeOrigin + performance.now()
}
