/**
 * Measures how payloads move between two peer processes on loopback, against a plain TLS socket in the same run: `npm run bench payload`.
 * Options: --mib N (size of the large payload), --only tls,stream,store,many,hints, --rounds N.
 */
import { parseArgs } from 'node:util'
import { loadavg } from 'node:os'
import { withPair } from './bench/payload-pair.ts'
import { runHints } from './bench/payload-hints.ts'
import { runMany, runStore, runTls, type Line } from './bench/payload-runs.ts'

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '2' },
    only: { type: 'string', default: 'tls,tls-files,store,stream,many,hints' },
  },
})
const mib = Number(values.mib)
const wanted = new Set(values.only.split(','))

const load = () => loadavg()[0]?.toFixed(1) ?? '?'

console.log(`payload of ${mib} MiB, node ${process.version}, load average ${load()}`)
await withPair(mib, async pair => {
  for (let round = 1; round <= Number(values.rounds); round++) {
    console.log(`\nround ${round}, load average ${load()}`)
    let plain: Line | undefined
    let files: Line | undefined
    if (wanted.has('tls')) plain = show(await runTls(pair, 'memory'))
    if (wanted.has('tls-files')) files = show(await runTls(pair, 'files'))
    if (wanted.has('store')) show(await runStore(pair, { direct: true, toFile: true }), { plain, files })
    if (wanted.has('store')) show(await runStore(pair, { direct: true, toFile: false }), { plain, files })
    if (wanted.has('stream')) show(await runStore(pair, { direct: false, toFile: true }), { plain, files })
    if (wanted.has('many')) show(await runMany(pair, { count: 100, mib: 10 }), { plain, files })
  }
  if (wanted.has('hints')) for (const line of await runHints(pair)) console.log(line)
})

function show(line: Line, { plain, files }: { plain?: Line; files?: Line } = {}): Line {
  const ratio = (other: Line | undefined, what: string) =>
    other === undefined ? '' : `, ${(line.mbPerS / other.mbPerS).toFixed(2)} of ${what}`
  const ratios = ratio(plain, 'TLS') + ratio(files, 'TLS between files')
  console.log(
    `${line.what.padEnd(58)} ${line.mbPerS.toFixed(0).padStart(5)} MB/s, CPU ${line.cpuS.toFixed(1)} s/GiB, ` +
      `peak RSS ${line.senderRssMb} / ${line.receiverRssMb} MB${ratios}`,
  )
  return line
}
