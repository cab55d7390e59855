/** Each task starts a copy of the next level and waits for it, as many levels deep as asked for. */
import { Dag, FunctionTask, Option, Parameters, type TaskCall } from 'lightflow'

export const options = new Parameters([new Option('depth', { type: 'int', default: 100, help: 'Levels' })])

const descend = async ({ data, store, signal }: TaskCall): Promise<void> => {
  const level = data.get<number>('level', 0)
  await store.increment('levels')
  if (level === (await store.get<number>('depth'))) return
  const name = await signal.startDag(deep, { level: level + 1 })
  if (!(await signal.joinDags(name))) throw new Error(`${name} did not succeed`)
}

export const main = new Dag('main')
main.define([new FunctionTask('descend', descend)])

export const deep: Dag = new Dag('deep', { autostart: false })
deep.define([new FunctionTask('descend', descend)])
