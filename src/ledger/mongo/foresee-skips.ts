/**
 * Long chains of skips, computed in memory from all edges of the DAG instead of level by level. Sound, because it only concludes from votes
 * that are cast and from endings that are final: what it says is skipped, anybody would find to be skipped.
 */
import type { Vote } from '../../lease/records.ts'
import { decide, voteOf } from '../../lease/votes.ts'
import { emptyBallot, nameIn, type Ballot, type Ended } from './ballot.ts'
import type { MongoContext } from './context.ts'
import { dagId, type EdgeDoc, type TaskDoc } from './documents.ts'

type Options = Pick<TaskDoc, '_id' | 'state' | 'forceRun' | 'propagateSkip'>

export async function foreseeSkips(context: MongoContext, ended: readonly Ended[]): Promise<Ballot> {
  const ballot = emptyBallot()
  for (const group of Map.groupBy(ended, ({ run, dag }) => dagId(run, dag)).values()) {
    await foreseeInDag(context, ballot, group)
  }
  return ballot
}

async function foreseeInDag(context: MongoContext, ballot: Ballot, ended: readonly Ended[]): Promise<void> {
  const [first] = ended
  if (first === undefined) return
  const { run, dag, root } = first
  const edges = await context.list(context.collections.edges, { run, dag }, { projection: { from: 1, to: 1, vote: 1 } })
  const projection = { state: 1, forceRun: 1, propagateSkip: 1 } as const
  const tasks = await context.list(context.collections.tasks, { run, dag }, { projection })
  const { votes, skipped, open } = skipsIn(edges, tasks, ended)
  ballot.votes.push(...votes)
  ballot.skipped.push(...skipped)
  for (const task of open) {
    ballot.open.add(task)
    ballot.roots.set(task, root)
  }
}

function skipsIn(
  edges: readonly EdgeDoc[],
  tasks: readonly Options[],
  first: readonly Pick<Ended, '_id' | 'ending'>[],
): { votes: Ballot['votes']; skipped: string[]; open: Set<string> } {
  const options = new Map(tasks.map(task => [task._id, task]))
  const outOf = Map.groupBy(edges, ({ from }) => from)
  const into = Map.groupBy(edges, ({ to }) => to)
  const cast = new Map<string, Vote>()
  const open = new Set<string>()
  const skipped: string[] = []
  const ended = [...first]
  for (let next = ended.pop(); next !== undefined; next = ended.pop()) {
    for (const edge of outOf.get(next._id) ?? []) {
      cast.set(edge._id, edge.vote ?? voteOf(next.ending, nameIn(edge.to)))
      const task = options.get(edge.to)
      if (task === undefined) continue
      const votes = (into.get(edge.to) ?? []).map(({ _id, vote }) => cast.get(_id) ?? vote)
      if (task.state === 'blocked' && decide(task.forceRun, votes) === 'skip') {
        skipped.push(edge.to)
        open.delete(edge.to)
        ended.push({ _id: edge.to, ending: { state: 'skipped', propagateSkip: task.propagateSkip } })
      } else {
        open.add(edge.to)
      }
    }
  }
  const votes = Array.from(cast, ([edge, vote]) => ({ edge, vote }))
  return { votes, skipped, open }
}
