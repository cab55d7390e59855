/** Start copies of another DAG at run time, and wait for all of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Dag, FunctionTask, NdArray } from 'lightflow'

const COPIES = 5

const start = new FunctionTask('start', async ({ signal, context }) => {
  console.log(`${context.taskName} in ${context.dagName} starts ${COPIES} copies`)
  for (let index = 0; index < COPIES; index++) {
    // The first tasks of the copy receive this data. The copies are named sub:1, sub:2, …
    await signal.startDag(sub, { index, image: NdArray.zeros('float64', [100, 100]) })
  }
  // While it waits, its place on the peer is free for others: joins never block a mesh, however deep they nest.
  await signal.joinDags()
})

const end = new FunctionTask('end', () => console.log(`All ${COPIES} copies have ended`))

export const main = new Dag('main')
main.define([[start, end]])

const measure = new FunctionTask('measure', async ({ data, signal, context }) => {
  await sleep(50, undefined, { signal: signal.abort })
  const { shape } = data.get<NdArray>('image')
  console.log(`${context.dagName}: dimensions ${shape.join(' x ')}`)
})

// A DAG with `autostart: false` runs only when a task starts it. It has to be exported as well.
export const sub = new Dag('sub', { autostart: false })
sub.define([measure])
