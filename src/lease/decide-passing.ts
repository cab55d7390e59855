/**
 * Who completes a task may claim its successors for others, where it cannot run them itself: the peer that gets one need not look for it and
 * claim it, which costs a write and a way through the mesh. What must not lie with somebody who does not know of it is not passed on.
 */
import { hasNeeds } from '../workflow/needs.ts'
import { MAX_CLAIMS_PER_HINT } from '../../protocols/limits.ts'
import { localBytes } from './decide-claims.ts'
import { rankCandidates } from './rank.ts'
import type { SessionHead, TaskRecord } from './records.ts'

/** Successors of one task that are claimed for other peers; of more, all are told of: peers claim many at a time for less. */
export const MAX_PASSED_ON = MAX_CLAIMS_PER_HINT

/**
 * Not what the giver could run itself; not what needs resources, since how much of them is free is known to their peer alone; not what an
 * operator would have to decide about when the receiver dies (exclusive), and not what may have killed a peer.
 */
export function mayPassOn(
  { queue, effect, deaths }: Pick<TaskRecord, 'queue' | 'effect' | 'deaths'>,
  giver: Pick<SessionHead, 'queues'>,
): boolean {
  return effect !== 'exclusive' && deaths === 0 && !hasNeeds(queue) && !giver.queues.includes(queue)
}

export interface PassedTaskInputs {
  id: string
  queue: string
  inputs: readonly { holder: string; sizeBytes: number }[]
}

/** Those who may have it, the best first: as they would rank if it were ready and all of them saw it. */
export function rankReceivers<Session extends Pick<SessionHead, 'id' | 'peer' | 'queues'>>(
  task: PassedTaskInputs,
  receivers: readonly Session[],
): Session[] {
  const able = new Map(receivers.filter(({ queues }) => queues.includes(task.queue)).map(one => [one.id, one]))
  const candidates = Array.from(able.values(), ({ id, peer }) => ({
    session: id,
    peer,
    localBytes: localBytes(task, peer),
  }))
  return rankCandidates(task.id, candidates).flatMap(({ session }) => able.get(session) ?? [])
}
