/** Inputs of a claimed task are lost: what made them runs again and the task waits, or it fails. All in one step. */
import { taskId } from '../../../protocols/ids.ts'
import { attemptOf, isCurrentClaim } from '../../lease/fence.ts'
import { loseInputs as decide, type InputLoss } from '../../lease/lost-inputs.ts'
import type { Claim, TaskRecord } from '../../lease/records.ts'
import type { Completion } from '../ledger.ts'
import type { Tables } from '../tables.ts'
import { isStopping, NOTHING_FOLLOWED } from './complete.ts'
import { nameReady } from './ready-tasks.ts'
import { settle } from './settle.ts'
import { forgetWrites } from './store.ts'

export function loseInputs(tables: Tables, now: number, claim: Claim, loss: InputLoss): Completion {
  const before = tables.task(claim.task)
  if (!isCurrentClaim(before, claim)) return repeated(before, claim)
  const { run, dag } = before
  const stopping = isStopping(tables, before)
  const producerOf = (name: string) => tables.task(taskId(run, dag, name))
  const { task, remade } = decide(before, loss, producerOf, { now, stopping })
  for (const changed of [...remade, task]) tables.putTask(changed)
  forgetWrites(tables, before)
  const isOver = task.state === 'failed' || task.state === 'cancelled'
  const { dagEnded, runEnded } = isOver ? settle(tables, now, task, null) : NOTHING_FOLLOWED
  const ready = task.state === 'ready' ? [task] : remade
  return { accepted: true, state: task.state, ready: nameReady(ready), handedOn: [], passedOn: [], dagEnded, runEnded }
}

function repeated(task: TaskRecord | undefined, claim: Claim): Completion {
  const accepted = task !== undefined && (attemptOf(task, claim)?.end ?? null) !== null
  return { ...NOTHING_FOLLOWED, accepted, state: task?.state ?? 'cancelled' }
}
