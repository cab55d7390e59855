/** Ready tasks are claimed for a session. */
import { LightflowError } from '../../core/errors.ts'
import { claimTask, mayClaim } from '../../lease/claim-task.ts'
import { claimOf, isCurrentClaim } from '../../lease/fence.ts'
import { awaiting, inputsInTheMaking } from '../../lease/lost-inputs.ts'
import type { Claim, DagRecord, SessionRecord, TaskRecord } from '../../lease/records.ts'
import type { ClaimedTask, ClaimRequest, ClaimStanding } from '../ledger.ts'
import { MAX_CLAIMS_PER_CALL } from '../ledger-limits.ts'
import type { InputRow, RunHead, Tables } from '../tables.ts'

export function claim(tables: Tables, now: number, sessionId: string, claims: readonly ClaimRequest[]): ClaimedTask[] {
  const session = tables.session(sessionId)
  if (session === undefined || session.state === 'dead') throw sessionBuried(sessionId)
  return claims.slice(0, MAX_CLAIMS_PER_CALL).flatMap(request => claimOne(tables, now, session, request) ?? [])
}

/** Undefined when it was not won. The same request again gets the same answer. */
export function claimOne(
  tables: Tables,
  now: number,
  session: SessionRecord,
  { task: id, claimId, passedBy }: ClaimRequest & { passedBy?: string },
): ClaimedTask | undefined {
  const task = tables.task(id)
  const run = task && tables.run(task.run)
  const dag = task && tables.dag(task.run, task.dag)
  if (task === undefined || run === undefined || dag === undefined) return undefined
  const isHeld = isHeldBy(task, session.id, claimId)
  if (!isHeld && !mayClaim(task, { session, run, dag, now })) return undefined
  const inputs = tables.inputs(id)
  if (isHeld) return describeClaimed(tables, task, { run, dag, inputs })
  if (mustWait(tables, task, inputs)) return undefined
  const claimed = claimTask(task, { session, claimId, now, passedBy })
  tables.putTask(claimed)
  if (run.startedAt === null) tables.putRun({ ...run, startedAt: now })
  return describeClaimed(tables, claimed, { run, dag, inputs })
}

/** An input that was lost for somebody else is being made again: this task waits for it too. */
function mustWait(tables: Tables, task: TaskRecord, inputs: readonly InputRow[]): boolean {
  const awaits = inputsInTheMaking(inputs.map(({ task: name, state, epoch }) => ({ name, state, epoch })))
  if (awaits.length > 0) tables.putTask(awaiting(task, awaits))
  return awaits.length > 0
}

function isHeldBy({ state, owner, claimId }: TaskRecord, session: string, wanted: string): boolean {
  return state === 'claimed' && owner === session && claimId === wanted
}

/** As its session holds it; its inputs as they are now. */
export function describeHeld(tables: Tables, task: TaskRecord): ClaimedTask | undefined {
  const run = tables.run(task.run)
  const dag = tables.dag(task.run, task.dag)
  if (run === undefined || dag === undefined) return undefined
  return describeClaimed(tables, task, { run, dag, inputs: tables.inputs(task.id) })
}

function describeClaimed(
  tables: Tables,
  task: TaskRecord,
  { run, dag, inputs }: { run: RunHead; dag: DagRecord; inputs: readonly InputRow[] },
): ClaimedTask {
  const isSource = inputs.length === 0 && tables.votesInto(task.id).length === 0
  const { id, workflow, bundle, args } = run
  return {
    claim: claimOf(task),
    task,
    run: { id, workflow, bundle, args },
    blueprint: dag.blueprint,
    inputs: inputs.map(({ task, slot, payload, epoch }) => ({ task, slot, payload, epoch })),
    start: isSource ? dag.data : null,
  }
}

/** The session too must be alive: a buried one is about to lose all that it holds. */
export function verify(tables: Tables, _now: number, claims: readonly Claim[]): ClaimStanding[] {
  return claims.map(claim => standing(tables, claim))
}

function standing(tables: Tables, claim: Claim): ClaimStanding {
  const task = tables.task(claim.task)
  if (!isCurrentClaim(task, claim) || !isAlive(tables.session(task.owner ?? ''))) return 'lost'
  const stop = tables.run(task.run)?.stop ?? tables.dag(task.run, task.dag)?.stop ?? null
  return stop === null ? 'current' : 'stopping'
}

export function claimsOf(tables: Tables, _now: number, session: string): Claim[] {
  return tables.claimedBy(session).map(claimOf)
}

function isAlive(session: SessionRecord | undefined): boolean {
  return session !== undefined && session.state !== 'dead'
}

export function sessionBuried(session: string): LightflowError {
  return new LightflowError('LF_SESSION_BURIED', 'This peer was declared dead by the others.', {
    hint: 'It registers again by itself; if that happens often, look at the load of the machine and at its network.',
    facts: { session },
  })
}
