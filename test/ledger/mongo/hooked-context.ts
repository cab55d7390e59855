/** A context whose commands a test can meet just before they are sent: there it lets others act, or loses what was sent. */
import { GridFSBucket } from 'mongodb'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { Answers } from '../../../src/ledger/mongo/answers.ts'
import { collectionsOf, type Collections } from '../../../src/ledger/mongo/collections.ts'
import { connect } from '../../../src/ledger/mongo/connect.ts'
import { MongoContext } from '../../../src/ledger/mongo/context.ts'

/** `send` carries the command out, also later or never. */
export type Hook = (send: () => Promise<unknown>, args: readonly unknown[]) => unknown

export interface HookedContext {
  context: MongoContext
  /** The collections without hooks. */
  raw: Collections
  /** Commands so far: collection and method. */
  sent: string[]
  /** The next command `method` on this collection is handed to `hook`; only one at a time. */
  once(collection: keyof Collections, method: string, hook: Hook): void
  close(): Promise<void>
}

export async function hookedContext(uri: string, clock = systemClock): Promise<HookedContext> {
  const connection = await connect(uri, silentLog)
  const hooks = new Map<string, Hook>()
  const sent: string[] = []
  const raw = collectionsOf(connection.db)
  const collections = Object.fromEntries(
    Object.entries(raw).map(([name, collection]) => [name, hooked(name, collection, { hooks, sent })]),
  ) as unknown as Collections
  const parts = { clock, random: systemRandom, log: silentLog }
  const bucket = new GridFSBucket(connection.db, { bucketName: 'blobs' })
  const context = new MongoContext({ ...parts, collections, bucket, answers: new Answers(parts, 10_000) })
  return {
    context,
    raw,
    sent,
    once: (collection, method, hook) => hooks.set(`${collection} ${method}`, hook),
    close: () => connection.close(),
  }
}

function hooked<T extends object>(
  name: string,
  collection: T,
  { hooks, sent }: { hooks: Map<string, Hook>; sent: string[] },
): T {
  return new Proxy(collection, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const key = `${name} ${String(property)}`
        sent.push(key)
        const hook = hooks.get(key)
        const send = (): unknown => Reflect.apply(value, target, args)
        if (hook === undefined) return send()
        hooks.delete(key)
        return hook(async () => send(), args)
      }
    },
  })
}
