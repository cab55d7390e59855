/** Lanes of tasks that follow each other, each lane a DAG of its own: work for every peer, in which a fault can be watched. */
import { setTimeout as delay } from 'node:timers/promises'
import { Dag, FunctionTask, Option, Parameters, type TaskCall } from 'lightflow'

export const options = new Parameters([
  new Option('pure', { type: 'int', default: 6, help: 'Lanes of pure tasks' }),
  new Option('idempotent', { type: 'int', default: 6, help: 'Lanes of idempotent tasks' }),
  new Option('seconds', { type: 'float', default: 0.6, help: 'How long each of the four tasks of a lane takes' }),
])

const step = async ({ store, data }: TaskCall): Promise<void> => {
  // For those who ask how soon a task ran elsewhere.
  data.set('beganAt', Date.now())
  await delay((await store.get<number>('seconds')) * 1000)
}

function lane(name: string, effect: 'pure' | 'idempotent'): Dag {
  const [one, two, three, four] = ['one', 'two', 'three', 'four'].map(each => new FunctionTask(each, step, { effect }))
  return new Dag(name, { autostart: false }).define([
    [one!, two!],
    [two!, three!],
    [three!, four!],
  ])
}

export const pureLane = lane('pure-lane', 'pure')
export const idempotentLane = lane('idempotent-lane', 'idempotent')

const fan = new FunctionTask('fan', async ({ store, signal }) => {
  const [pure, idempotent]: [number, number] = [await store.get('pure'), await store.get('idempotent')]
  for (let count = 0; count < Math.max(pure, idempotent); count++) {
    if (count < pure) await signal.startDag(pureLane)
    if (count < idempotent) await signal.startDag(idempotentLane)
  }
  await signal.joinDags()
})

export const main = new Dag('main')
main.define([fan])
