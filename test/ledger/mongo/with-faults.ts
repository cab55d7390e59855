import { systemClock } from '../../../src/core/clock.ts'
import { hasCode } from '../../../src/core/errors.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { openMongoLedger } from '../../../src/ledger/mongo/mongo-ledger.ts'
import { temporaryDatabase } from './temporary-database.ts'

/** Several handles on one new ledger, as peers on different hosts have them. */
export async function openSeveral(
  server: string,
  count: number,
  database = temporaryDatabase(server),
): Promise<{ ledgers: [Ledger, ...Ledger[]]; close: () => Promise<void> }> {
  const open = () => openMongoLedger({ uri: database.uri, clock: systemClock, random: systemRandom, create: true })
  const ledgers: [Ledger, ...Ledger[]] = [await open()]
  while (ledgers.length < count) ledgers.push(await open())
  return {
    ledgers,
    close: async () => {
      await Promise.all(ledgers.map(ledger => ledger.close()))
      await database.drop()
    },
  }
}

/** The second one: of a ledger that is opened just then. */
const OPEN_CODES = ['LF_LEDGER_UNAVAILABLE', 'LF_LEDGER_UNREACHABLE']

/** Repeats an operation whose outcome is open, as supervisors do. */
export async function answered<T>(operation: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await operation()
    } catch (error) {
      if (!OPEN_CODES.some(code => hasCode(error, code))) throw error
    }
    await systemClock.sleep(50)
  }
}

/** The ledger as its callers have it: what is not answered is asked for again, a write to the store under the same name. */
export function answering(ledger: Ledger): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown
      if (typeof member !== 'function') return member
      if (UNASKED.has(String(name))) return member.bind(target) as unknown
      return (...args: unknown[]) => {
        const named = name === 'storeWrite' && args.length < 3 ? [...args, systemRandom.hex(8)] : args
        return answered(() => Reflect.apply(member, target, named) as Promise<unknown>)
      }
    },
  })
}

/** These ask nobody. */
const UNASKED = new Set(['close', 'readPassed'])
