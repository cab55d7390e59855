/** Share values between all tasks of a run: numbers, lists that grow, arrays. */
import { Dag, FunctionTask, NdArray } from 'lightflow'

// The store belongs to the run, not to a task: every task sees it, also those that no edge connects.
const begin = new FunctionTask('begin', async ({ store }) => {
  await store.set('scan.number', 5)
  await store.set('scan.image', NdArray.zeros('float32', [100, 100]))
  await store.push('filenames', 'a')
  await store.push('filenames', 'b')
  // A list that is pushed stays a list; `extend` appends its elements.
  await store.push('filenames', ['n1', 'n2'])
})

const read = new FunctionTask('read', async ({ store }) => {
  console.log(`The number is: ${await store.get<number>('scan.number')}`)
  const image = await store.get<NdArray>('scan.image')
  console.log(`The image is ${image.shape.join(' x ')}`)
  console.log(`No such thing: ${await store.get('scan.comment', 'no comment')}`)
})

const change = new FunctionTask('change', async ({ store }) => {
  await store.set('scan.number', 49)
  await store.increment('scan.number')
  await store.extend('filenames', ['c', 'd'])
})

// What is in the store is dropped when the run ends, unless it was started with --keep-data.
const print = new FunctionTask('print', async ({ store }) => {
  console.log(`Now the number is: ${await store.get<number>('scan.number')}`)
  console.log(`The files are: ${JSON.stringify(await store.get('filenames'))}`)
})

export const main = new Dag('main')
main.define([
  [begin, read],
  [read, change],
  [change, print],
])
