/** How payloads move between two peer processes on loopback, against a plain TLS socket in the same run. */
import type { payload } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import type { Values } from './harness/options.ts'
import type { Report } from './harness/report.ts'
import { type Delays, runHints } from './payload-hints.ts'
import { type Pair, withPair } from './payload-pair.ts'
import { type Line, runMany, runStore, runTls } from './payload-runs.ts'

type Asked = Values<typeof payload.options>

interface Measured extends Line {
  round: number
}

const MANY = { count: 100, mib: 10 }

export async function playPayload({ mib, rounds, only }: Asked, run: BenchRun): Promise<Report> {
  const measured: Measured[] = []
  let delays: Delays[] = []
  run.progress(`making ${mib} MiB`)
  await withPair(mib, async pair => {
    const plays = only.flatMap(name => PLAYS[name])
    for (let round = 1; round <= rounds; round++) {
      for (const [index, play] of plays.entries()) {
        run.progress(`round ${round} of ${rounds}`, {
          done: (round - 1) * plays.length + index,
          all: rounds * plays.length,
        })
        measured.push({ ...(await play(pair)), round })
      }
    }
    run.progress('hints and beats beside a payload')
    if (only.includes('hints')) delays = await runHints(pair)
  })
  return {
    tables: [
      { title: `A payload of ${mib} MiB`, head: HEAD, rows: measured.map(line => rowOf(line, measured)) },
      { title: 'Delays beside it, ms', head: DELAY_HEAD, rows: delays.map(rowOfDelays) },
    ].filter(({ rows }) => rows.length > 0),
    figures: { measured, delays },
  }
}

const PLAYS: Readonly<Record<Asked['only'][number], readonly ((pair: Pair) => Promise<Line>)[]>> = {
  tls: [pair => runTls(pair, 'memory')],
  'tls-files': [pair => runTls(pair, 'files')],
  store: [true, false].map(toFile => pair => runStore(pair, { direct: true, toFile })),
  stream: [pair => runStore(pair, { direct: false, toFile: true })],
  many: [pair => runMany(pair, MANY)],
  hints: [],
}

const HEAD = ['round', 'what', 'MB/s', 'of TLS', 'of TLS between files', 'CPU s/GiB', 'peak RSS MB, sender', 'receiver']
const DELAY_HEAD = ['', 'hints p50', 'p99', 'max', 'beats p50', 'p99', 'max']

function rowOf(line: Measured, all: readonly Measured[]): string[] {
  const of = (kind: Line['kind']): string => {
    const yardstick = all.find(each => each.round === line.round && each.kind === kind)
    return yardstick === undefined || line.kind !== 'payload' ? '' : (line.mbPerS / yardstick.mbPerS).toFixed(2)
  }
  const figures = [line.mbPerS.toFixed(0), of('tls'), of('tls-files'), line.cpuS.toFixed(1)]
  return [String(line.round), line.what, ...figures, String(line.senderRssMb), String(line.receiverRssMb)]
}

function rowOfDelays({ what, hintsMs, beatsMs }: Delays): string[] {
  return [what, ...quantiles(hintsMs), ...quantiles(beatsMs)]
}

function quantiles(values: readonly number[]): string[] {
  const sorted = values.toSorted((one, other) => one - other)
  return [0.5, 0.99, 1].map(share => sorted[Math.floor((sorted.length - 1) * share)]?.toFixed(1) ?? '-')
}
