/**
 * Whether there is work in the mesh, as far as this peer has noticed. While there is none, sweeps and beats come less often: twenty peers
 * of one host that wait for the next measurement should not keep it busy. Whatever is heard, seen or done about a task ends the quiet at
 * once. Pure: the time is told to it.
 */

/** After the last sign of work: most work comes in bursts. */
export const QUIET_AFTER_MS = 10_000

export class Quiet {
  #workMs = Number.NEGATIVE_INFINITY

  /** Something was heard or seen of tasks; true when it was quiet until now. */
  noteWork(nowMs: number): boolean {
    const wasQuiet = this.isQuiet(nowMs)
    this.#workMs = nowMs
    return wasQuiet
  }

  isQuiet(nowMs: number): boolean {
    return nowMs - this.#workMs >= QUIET_AFTER_MS
  }
}
