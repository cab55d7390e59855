/** Group the frames of a list by their scan, and start a DAG for each group. */
import { ChunkingTask, Dag, FunctionTask } from 'lightflow'

// As a detector writes them: the frames of a scan follow each other. `|` says that a scan is over, here in the middle of scan 2.
const collect = new FunctionTask('collect', ({ data }) => {
  data.set('frames', [
    '/data/scan_1_001.tif',
    '/data/scan_1_002.tif',
    '/data/scan_1_003.tif',
    '/data/scan_2_001.tif',
    '|',
    '/data/scan_2_002.tif',
    '/data/scan_3_001.tif',
    '/data/scan_3_002.tif',
  ])
})

// What the group named `match` finds is the same for all frames of one chunk.
const split = new ChunkingTask('split', {
  dagName: 'reduce',
  matchPattern: /(?<match>scan_\d+)_\d+\.tif$/,
  inKey: 'frames',
  outKey: 'chunk',
})

export const main = new Dag('main')
main.define([[collect, split]])

const print = new FunctionTask('print', ({ data, context }) => {
  const names = data.get<string[]>('chunk').map(path => path.split('/').at(-1))
  console.log(`${context.dagName}: ${names.join(' ')}`)
})

export const reduce = new Dag('reduce', { autostart: false })
reduce.define([print])
