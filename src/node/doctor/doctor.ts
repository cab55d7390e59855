/**
 * `lf doctor`: looks at everything that a peer needs and says what to do where something is amiss. It changes nothing: what it writes to
 * try, it removes. All checks go on side by side, each within its own time; none can keep the others from answering.
 */
import { type Clock, systemClock } from '../../core/clock.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import type { ClientOptions } from '../client-api.ts'
import { type LedgerLocation, resolveHome, resolveLedger, sharedFolders } from '../settings.ts'
import { type Check, type CheckView, runCheck } from './check.ts'
import { folderCheck } from './folder-checks.ts'
import { machineChecks } from './machine-checks.ts'
import { multicastCheck } from './multicast-check.ts'
import { portChecks } from './port-check.ts'
import { sqliteCheck } from './sqlite-checks.ts'

export interface DoctorOptions extends ClientOptions {
  /** Multiaddrs on which a peer shall listen; default: all interfaces, a free port. */
  listen?: string[]
  /** False: discovery by multicast is not wanted, so it is not tried. */
  mdns?: boolean
  /** Check every page of a ledger file, however long that takes. */
  full?: boolean
  /** Told whenever something changes: what is still going on. */
  onProgress?: (progress: DoctorProgress) => void
}

export interface DoctorProgress {
  done: number
  of: number
  /** Checks that are still going on, with what they do. */
  going: { name: string; doing: string }[]
}

export interface DoctorView {
  checks: CheckView[]
  /** Nothing failed; there may be warnings. */
  ok: boolean
}

const PARTS: { clock: Clock; random: Random } = { clock: systemClock, random: systemRandom }

/** Throws only when the options make no sense: `LF_LEDGER_KIND`. */
export async function examine(options: DoctorOptions = {}): Promise<DoctorView> {
  const home = resolveHome(options.home, process.env)
  const location = resolveLedger(options.ledger, process.env, home)
  const checks = await runAll(await checksOf(location, home, options), options.onProgress ?? (() => {}))
  return { checks, ok: checks.every(({ state }) => state !== 'failed') }
}

async function checksOf(
  location: LedgerLocation,
  home: string,
  { listen, mdns = true, full = false }: DoctorOptions,
): Promise<Check[]> {
  return [
    ...machineChecks(),
    folderCheck('home', home, 'what a peer keeps'),
    folderCheck('payloads', sharedFolders(location).payloads, 'payloads'),
    await ledgerCheck(location, full),
    ...portChecks(listen),
    ...(mdns ? [multicastCheck(PARTS)] : []),
  ]
}

async function ledgerCheck(location: LedgerLocation, full: boolean): Promise<Check> {
  if (location.kind === 'sqlite') return sqliteCheck({ path: location.path, full }, PARTS.clock)
  // The driver takes a while to load: only those pay for it who use it.
  const { mongoCheck } = await import('./mongo-checks.ts')
  return mongoCheck(location, PARTS)
}

async function runAll(checks: readonly Check[], onProgress: (progress: DoctorProgress) => void): Promise<CheckView[]> {
  const going = new Map(checks.map(check => [check, '']))
  const report = () =>
    onProgress({
      done: checks.length - going.size,
      of: checks.length,
      going: Array.from(going, ([{ name }, doing]) => ({ name, doing })),
    })
  report()
  const rows = await Promise.all(
    checks.map(async check => {
      const found = await runCheck(check, {
        clock: PARTS.clock,
        tell: doing => {
          if (!going.has(check)) return
          going.set(check, doing)
          report()
        },
      })
      going.delete(check)
      report()
      return found
    }),
  )
  return rows.flat()
}
