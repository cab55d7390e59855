import assert from 'node:assert/strict'
import { type Clock, systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { COPY_NOTED_EVERY_MS } from '../../../src/payload/payload-limits.ts'
import { fetchFor, type KeepCopyParts } from '../../../src/payload/transfer/keep-copy.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const HASH = 'ab'.repeat(32)

describe('a payload fetched for a peer that does not reach its holders', () => {
  let pulls: { holders: readonly string[]; alone: boolean | undefined }[]
  beforeEach(() => (pulls = []))

  const answers = async (connected: string[], { here = false, isAskingOthers = false } = {}) =>
    Array.fromAsync(ask(connected, { here, isAskingOthers: () => isAskingOthers }))

  const ask = (
    connected: string[],
    { here = false, isAskingOthers = () => false, ...more }: Partial<Asked> = {},
  ): ReturnType<typeof fetchFor> => {
    const parts: KeepCopyParts = {
      network: { connected: () => connected },
      files: {
        id: async () => 'mine',
        touch: async () => here,
        sizeOf: async () => 5,
        secure: async () => {},
      },
      puller: {
        isAskingOthers,
        pull: async ({ holders }, _signal, options) => {
          pulls.push({ holders, alone: options?.alone })
          await more.pulled
        },
      },
      clock: more.clock ?? systemClock,
      log: silentLog,
      peer: 'asker',
      signal: new AbortController().signal,
    }
    const request = { kind: 'fetch', hash: HASH, sizeBytes: 5, from: ['one', 'two'] } as const
    return fetchFor({ ...request, from: [...request.from] }, parts)
  }

  it('comes from those with whom this peer is connected, without the help of others', async () => {
    assert.deepEqual(await answers(['two', 'three']), [{ kind: 'kept' }])
    assert.deepEqual(pulls, [{ holders: ['two'], alone: true }])
  })

  it('is not looked for when it is here, nor when no holder is connected', async () => {
    assert.deepEqual(await answers([], { here: true }), [{ kind: 'kept' }])
    assert.deepEqual(await answers(['three']), [{ kind: 'no', why: 'failed' }])
    assert.deepEqual(pulls, [])
  })

  it('is not fetched while this peer has others asked for it itself: two that ask each other would wait for ever', async () => {
    assert.deepEqual(await answers(['one'], { isAskingOthers: true }), [{ kind: 'no', why: 'busy' }])
    assert.deepEqual(pulls, [])
  })

  it('is no longer waited for once this peer, which was at it for itself, has others asked for it', async () => {
    const clock = new ManualClock()
    let isAsking = false
    const told = ask(['one'], { clock, isAskingOthers: () => isAsking, pulled: new Promise(() => {}) })
    const next = async () => {
      const answer = told.next()
      await clock.advance(COPY_NOTED_EVERY_MS)
      return (await answer).value
    }
    assert.deepEqual(await next(), { kind: 'noted' })
    isAsking = true
    assert.deepEqual(await next(), { kind: 'no', why: 'busy' })
    assert.equal((await told.next()).done, true)
  })
})

interface Asked {
  here: boolean
  isAskingOthers: () => boolean
  /** The pull is over. */
  pulled: Promise<void>
  clock: Clock
}
