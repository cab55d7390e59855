/** Read how long the tasks before took, and where they ran. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Dag, FunctionTask, type TaskCall, type TaskMeta } from 'lightflow'

// `signal.abort` ends the wait when the attempt is over for another reason, such as a peer that has to leave.
const wait =
  (ms: number) =>
  async ({ signal }: TaskCall): Promise<void> => {
    await sleep(ms, undefined, { signal: signal.abort })
  }
const short = new FunctionTask('short', wait(20))
const longer = new FunctionTask('longer', wait(80))
const longest = new FunctionTask('longest', wait(160))

// What Lightflow notes about a run is the section `meta` of its store.
const print = new FunctionTask('print', async ({ store, context }) => {
  const tasks = await store.section('meta').get<Record<string, TaskMeta>>(`log.${context.dagName}.tasks`)
  for (const [name, { durationMs, peer }] of Object.entries(tasks)) {
    if (durationMs === null) console.log(`${name} on ${peer} is still running`)
    else console.log(`${name} on ${peer} took ${(durationMs / 1000).toFixed(3)} seconds`)
  }
})

export const main = new Dag('main')
main.define([
  [short, longer],
  [longer, longest],
  [longest, print],
])
