/** Another peer holds outputs of tasks, too. */
import { noteHolder as decide, type OutputName } from '../../lease/note-holder.ts'
import type { Tables } from '../tables.ts'

export function noteHolder(tables: Tables, _now: number, peer: string, outputs: readonly OutputName[]): void {
  for (const { task, epoch } of outputs) {
    const changed = decide(tables.task(task), epoch, peer)
    if (changed !== undefined) tables.putTask(changed)
  }
}
