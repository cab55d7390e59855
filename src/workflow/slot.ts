import { LightflowError } from '../core/errors.ts'
import { checkName } from '../../protocols/ids.ts'
import { KIND, isOfKind } from './brand.ts'
import { describeValue } from './describe-value.ts'
import { isTask } from './task.ts'
import type { Task } from './task.ts'

/** An edge's end with a label for the data that arrives over it. */
export interface Slot {
  readonly task: Task
  readonly slot: string
  readonly [KIND]: 'slot'
}

/** Labels the data that `task` receives over an edge: `[[a, slot(b, 'first')]]`, then `data.dataset('first')` in `b`. */
export function slot(task: Task, name: string): Slot {
  if (!isTask(task)) {
    throw new LightflowError('LF_DAG_SCHEMA', `slot() got ${describeValue(task)} where it needs a task.`, {
      hint: "Write slot(task, 'name'). An undefined task is often a wrong import or a task defined further down.",
    })
  }
  return { task, slot: checkName('slot', name), [KIND]: 'slot' }
}

export function isSlot(value: unknown): value is Slot {
  return isOfKind(value, 'slot')
}
