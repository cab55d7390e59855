/** One task, changed by one conditional write: read, decide, write if it is still what was read; again if not. */
import type { TaskRecord } from '../../lease/records.ts'
import type { MongoContext } from './context.ts'
import { BOUNDED } from './context.ts'
import { taskDoc, taskOf, unchanged, type TaskDoc, type TaskTodo } from './documents.ts'

export interface TaskChange {
  task: TaskRecord
  todo?: TaskTodo
  skipSuccessors?: boolean
}

export interface ChangedTask {
  /** As it is now; undefined when there is no such task. */
  doc: TaskDoc | undefined
  /** This call made the change. */
  changed: boolean
}

/**
 * `decide` is pure and may be asked several times; undefined = nothing to change. That answer is only believed from a sure read, since a
 * deposed primary may have answered the first one (R9). `tried`: what the change is known by, when it was tried before in another way.
 */
export function changeTask(
  context: MongoContext,
  id: string,
  decide: (task: TaskRecord | undefined, doc: TaskDoc | undefined) => TaskChange | undefined,
  tried: string | null = null,
): Promise<ChangedTask> {
  const { tasks } = context.collections
  const token = tried ?? context.newToken()
  return context.answers.ask(async (again, stillWanted) => {
    let isSure = again || tried !== null
    let doc = isSure ? await context.readSure(tasks, id) : await tasks.findOne({ _id: id }, BOUNDED)
    for (;;) {
      if (doc?.token === token) return { doc, changed: true }
      const change = doc === null ? decide(undefined, undefined) : decide(taskOf(doc), doc)
      if (change !== undefined && doc !== null) {
        const next = taskDoc(change.task, doc, { ...change, rev: doc.rev + 1, token })
        stillWanted()
        const { matchedCount } = await tasks.replaceOne(unchanged(doc), next, BOUNDED)
        if (matchedCount === 1) return { doc: next, changed: true }
      } else if (isSure) {
        return { doc: doc ?? undefined, changed: false }
      }
      doc = await context.readSure(tasks, id)
      isSure = true
    }
  })
}
