/**
 * What a mesh of many peers costs, from real supervisors in virtual time with the timing of several hosts: the ledger answers after 4 ms, hints
 * take 3 ms, each message is heard once by everybody. Counts, not times: the machine does not matter.
 *
 *   npm run bench mesh -- [--peers 50,200,1000] [--idle-seconds 10]
 */
import { parseArgs } from 'node:util'
import { type ModelFigures, modelMesh } from './bench/model/mesh-model.ts'

const { values } = parseArgs({
  options: { peers: { type: 'string', default: '50,200,1000' }, 'idle-seconds': { type: 'string', default: '10' } },
})

const HEAD = [
  'peers',
  'start: reads of all sessions',
  'idle: calls/s',
  'idle: sessions read KB/s',
  'a beat writes KB',
  'idle: messages/s',
  'tasks',
  'calls per task',
  'tries per claim',
  'messages per task',
  'bytes per task',
]

console.log(line(HEAD))
console.log(line(HEAD.map(() => '---')))
for (const peers of values.peers.split(',')) {
  console.log(line(cells(await modelMesh(Number(peers), Number(values['idle-seconds']) * 1000))))
}
console.log(
  '\nPer peer where it is idle; a message is heard by all peers, so each one hears as many per task as are sent.',
)

function cells({ peers, startReads, idle, work }: ModelFigures): string[] {
  return [
    String(peers),
    startReads.toFixed(1),
    idle.callsPerS.toFixed(2),
    (idle.sessionsReadBytesPerS / 1000).toFixed(1),
    (idle.beatBytes / 1000).toFixed(2),
    idle.messagesPerS.toFixed(2),
    String(work.tasks),
    work.callsPerTask.toFixed(1),
    work.triesPerClaim.toFixed(2),
    work.messagesPerTask.toFixed(1),
    work.bytesPerTask.toFixed(0),
  ]
}

function line(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`
}
