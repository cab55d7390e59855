/** What the ledger tells about a peer that died: what it held, who took it over, and how long that took. Pure. */
import type { RunDetailsView } from '../../src/index.ts'

export interface Takeover {
  task: string
  from: string
  to: string
  /** From the death to the claim by the other peer. */
  afterMs: number
}

export function takeoversOf(run: RunDetailsView, diedAtMs: number): Takeover[] {
  return run.dags.flatMap(({ dag, tasks }) =>
    tasks.flatMap(({ task, history }) =>
      history.flatMap((attempt, index) => {
        const next = history[index + 1]
        if (attempt.end !== 'owner-died' || next === undefined) return []
        const afterMs = Math.max(0, Date.parse(next.claimedAt) - diedAtMs)
        return [{ task: `${dag}/${task}`, from: attempt.peer, to: next.peer, afterMs }]
      }),
    ),
  )
}

export interface Share {
  peer: string
  done: number
  lost: number
}

/** Attempts that each peer brought to an end, and those that died with it. */
export function sharesOf(run: RunDetailsView): Share[] {
  const shares = new Map<string, Share>()
  for (const { peer, end } of run.dags.flatMap(({ tasks }) => tasks.flatMap(({ history }) => history))) {
    const share = shares.get(peer) ?? { peer, done: 0, lost: 0 }
    if (end === 'done') share.done += 1
    if (end === 'owner-died') share.lost += 1
    shares.set(peer, share)
  }
  return Array.from(shares.values()).sort((a, b) => a.peer.localeCompare(b.peer))
}

/** Tasks that are not `done`, or that more than one attempt recorded as done. */
export function notDoneExactlyOnce(run: RunDetailsView): string[] {
  return run.dags.flatMap(({ dag, tasks }) =>
    tasks
      .filter(({ state, history }) => state !== 'done' || history.filter(({ end }) => end === 'done').length !== 1)
      .map(({ task }) => `${dag}/${task}`),
  )
}
