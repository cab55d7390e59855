/** Follow a file that grows, and start a DAG for each new line. */
import { Dag, FunctionTask, NewLinesTask, Option, Parameters } from 'lightflow'

export const options = new Parameters([
  new Option('file', { type: 'path', help: 'File to follow, as the peers see it; it may come later' }),
  new Option('lines', {
    type: 'int',
    default: null,
    help: 'End after so many lines; without it: when the run is stopped',
  }),
])

// A line counts when it is complete. When the peer leaves or dies, another one goes on behind the last line.
const follow = new NewLinesTask('follow', {
  path: async (_data, store) => store.get<string>('file'),
  useExisting: true,
  pollMs: 100,
  maxLines: async (_data, store) => store.get<number | null>('lines', null),
  callback: async ({ lines, signal }) => {
    for (const line of lines) await signal.startDag(print, { line })
  },
})

export const main = new Dag('main')
main.define([follow])

export const print = new Dag('print', { autostart: false })
print.define([
  new FunctionTask('print', ({ data, context }) => console.log(`${context.dagName}: ${data.get<string>('line')}`)),
])
