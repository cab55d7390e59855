/** Another peer holds outputs of tasks, too. A change of the task that comes in between may forget it again: then it is only a little slower. */
import { MAX_HOLDERS_NAMED, type OutputName } from '../../lease/note-holder.ts'
import type { MongoContext } from './context.ts'
import { inParallel } from './in-parallel.ts'

export async function noteHolder(context: MongoContext, peer: string, outputs: readonly OutputName[]): Promise<void> {
  await inParallel(outputs, ({ task, epoch }) => {
    const ended = { $in: ['done' as const, 'stopped' as const] }
    const output = { _id: task, epoch, state: ended, 'out.hash': { $exists: true }, 'out.inline': null }
    const hasRoom = { [`out.holders.${MAX_HOLDERS_NAMED - 1}`]: { $exists: false } }
    const change = { $addToSet: { 'out.holders': peer } }
    return context.update(context.collections.tasks, { ...output, ...hasRoom }, change)
  })
}
