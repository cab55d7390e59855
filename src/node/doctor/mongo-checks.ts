/** The replica set behind a MongoDB ledger: topology, a majority that confirms, round trips, clock. */
import type { Db } from 'mongodb'
import type { Clock } from '../../core/clock.ts'
import { hasCode, toErrorRecord } from '../../core/errors.ts'
import { silentLog } from '../../core/log.ts'
import type { Random } from '../../core/random.ts'
import { connect } from '../../ledger/mongo/connect.ts'
import { openLedger } from '../open-ledger.ts'
import { describeLedger, type MongoLocation } from '../settings.ts'
import { type Check, type CheckTools, type CheckView, failed, failedWith, type Finding, ok, warning } from './check.ts'
import { checkSessions, type SessionFacts } from './session-checks.ts'

const MONGO_LIMIT_MS = 30_000
const MAJORITY_MS = 5000
const PINGS = 5
const MIN_DATA_MEMBERS = 3
const SLOW_ROUND_TRIP_MS = 50
/** No lease depends on clocks; waits before repetitions and what people see do. */
const MAX_CLOCK_DIFFERENCE_MS = 2000

export interface TopologyFacts {
  version: string
  setName: string
  primary: string | undefined
  hosts: readonly string[]
  arbiters: readonly string[]
}

export interface MongoParts {
  clock: Clock
  random: Random
}

export function mongoCheck(location: MongoLocation, parts: MongoParts): Check {
  return { name: 'ledger', limitMs: MONGO_LIMIT_MS, run: tools => checkServer(location, parts, tools) }
}

async function checkServer(location: MongoLocation, parts: MongoParts, { tell }: CheckTools): Promise<CheckView[]> {
  const name = 'ledger'
  tell('connecting')
  const connection = await connect(location.uri, silentLog).catch((error: unknown) => ({ error }))
  if ('error' in connection) return [{ name, ...failedWith(connection.error) }]
  try {
    const admin = connection.db.client.db('admin')
    const rows: CheckView[] = [{ name, ...decideTopology(describeLedger(location), await topology(admin)) }]
    tell('asking the majority')
    rows.push({ name: 'majority', ...(await askMajority(connection.db)) })
    const { roundTripMs, differenceMs } = await compareClocks(admin, parts.clock)
    rows.push({ name: 'round trip', ...decideRoundTrip(roundTripMs) })
    rows.push({ name: 'clock', ...decideClock(differenceMs) })
    tell('looking at the peers')
    return [...rows, ...(await sessionRows(location, parts))]
  } finally {
    await connection.close()
  }
}

export function decideTopology(place: string, { version, setName, primary, hosts, arbiters }: TopologyFacts): Finding {
  const members = `${hosts.length} ${hosts.length === 1 ? 'member' : 'members'}`
  const voters = arbiters.length === 0 ? members : `${members} and ${arbiters.length} arbiters`
  const found = `${place}, MongoDB ${version}, replica set ${setName} with ${voters}, primary ${primary ?? 'missing'}`
  if (primary === undefined)
    return failed(found, 'Look at `rs.status()`: a majority of the members must be up to elect a primary.')
  if (arbiters.length > 0) {
    return warning(
      found,
      'With one data member down no write is confirmed: put a member that holds data in the place of the arbiter.',
    )
  }
  return hosts.length < MIN_DATA_MEMBERS
    ? warning(found, 'Three members that hold data can lose one and go on; with fewer, every peer waits then.')
    : ok(found)
}

export function decideRoundTrip(medianMs: number): Finding {
  const found = `${medianMs.toFixed(1)} ms to the primary and back`
  return medianMs <= SLOW_ROUND_TRIP_MS
    ? ok(found)
    : warning(
        found,
        'Each step of a task takes some of these: use tasks that run for seconds, or a server that is nearer.',
      )
}

/** `differenceMs`: the clock of the server less ours. */
export function decideClock(differenceMs: number): Finding {
  const seconds = (Math.abs(differenceMs) / 1000).toFixed(1)
  if (Math.abs(differenceMs) <= MAX_CLOCK_DIFFERENCE_MS) return ok(`within ${seconds} s of the clock of the server`)
  return warning(
    `${seconds} s ${differenceMs > 0 ? 'behind' : 'ahead of'} the clock of the server`,
    'Set the clocks by NTP (chrony, systemd-timesyncd). Nothing is lost by it: times that are shown and waits before repetitions are off.',
  )
}

interface Hello {
  setName?: string
  primary?: string
  hosts?: string[]
  arbiters?: string[]
  localTime?: Date
}

async function topology(admin: Db): Promise<TopologyFacts> {
  const { setName = '', primary, hosts = [], arbiters = [] } = (await admin.command({ hello: 1 })) as Hello
  const version = await admin.command({ buildInfo: 1 }).then(
    info => String(info['version']),
    () => 'of unknown version',
  )
  return { version, setName, primary, hosts, arbiters }
}

/** A linearizable read is only answered when a majority has confirmed that this primary is the one. It changes nothing. */
async function askMajority(db: Db): Promise<Finding> {
  try {
    const options = { readConcern: { level: 'linearizable' }, maxTimeMS: MAJORITY_MS } as const
    await db.collection<{ _id: string }>('ledger').findOne({ _id: 'ledger' }, options)
    return ok('a majority of the members confirms')
  } catch (error) {
    const { message } = toErrorRecord(error)
    return failed(
      `no majority of the members confirms: ${message.split('\n', 1)[0]}`,
      'Look at `rs.status()`: members that are down or lag behind. Until then no peer can record anything.',
    )
  }
}

async function compareClocks(admin: Db, clock: Clock): Promise<{ roundTripMs: number; differenceMs: number }> {
  const looks: { roundTripMs: number; differenceMs: number }[] = []
  for (let look = 0; look < PINGS; look++) {
    const sentMs = clock.monotonicMs()
    const { localTime } = (await admin.command({ hello: 1 })) as Hello
    const roundTripMs = clock.monotonicMs() - sentMs
    const server = localTime?.getTime() ?? clock.wallMs()
    looks.push({ roundTripMs, differenceMs: server + roundTripMs / 2 - clock.wallMs() })
  }
  const byDuration = looks.sort((a, b) => a.roundTripMs - b.roundTripMs)
  return {
    roundTripMs: byDuration[Math.floor(PINGS / 2)]?.roundTripMs ?? 0,
    // The quickest answer is the most exact one.
    differenceMs: byDuration[0]?.differenceMs ?? 0,
  }
}

async function sessionRows(location: MongoLocation, parts: MongoParts): Promise<CheckView[]> {
  const ledger = await openLedger(location, parts, { create: false }).catch((error: unknown) => ({ error }))
  if ('error' in ledger) {
    if (!hasCode(ledger.error, 'LF_NO_LEDGER')) return [{ name: 'peers', ...failedWith(ledger.error) }]
    return [{ name: 'peers', ...ok('no ledger in this database yet; the first peer or submission makes it') }]
  }
  try {
    const open = (await ledger.sessions()).filter(({ state }) => state !== 'dead')
    const probed = await ledger.probe(open.map(({ id }) => id))
    const verdicts = new Map(probed.map(({ session, verdict }) => [session, verdict]))
    const facts = open.map((session): SessionFacts => ({ ...session, verdict: verdicts.get(session.id) ?? 'unknown' }))
    return await checkSessions(facts, parts.clock.wallMs())
  } finally {
    await ledger.close()
  }
}
