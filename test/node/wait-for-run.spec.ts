import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { RunHead } from '../../src/ledger/ledger.ts'
import { ringDoorbell } from '../../src/node/doorbell.ts'
import type { RunView } from '../../src/node/views.ts'
import { waitForRun } from '../../src/node/wait-for-run.ts'

describe('waiting for a run', () => {
  let folder: string
  let endBell: string
  let state: RunView['state']
  let looks: number

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lightflow-wait-'))
    endBell = join(folder, 'files', 'run-ended')
    state = 'running'
    looks = 0
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  /** Time does not go on by itself: only what wakes a sleeper ends its pause. */
  const untilWoken = (onPause: () => void): Clock => ({
    ...systemClock,
    sleep(_, signal) {
      onPause()
      return new Promise(resolve => {
        if (signal?.aborted === true) resolve()
        signal?.addEventListener('abort', () => resolve(), { once: true })
      })
    },
  })
  const partsOf = (clock: Clock, afterLook = async () => {}) => ({
    clock,
    endBell,
    isRung: false,
    async look() {
      looks += 1
      const seen = { state, tasks: {} }
      await afterLook()
      return { head: seen as Partial<RunHead> as RunHead, view: seen as Partial<RunView> as RunView }
    },
    troubles: async () => ({}),
  })
  const end = async (): Promise<void> => {
    state = 'succeeded'
    await ringDoorbell(endBell, systemClock)
  }

  it('looks again at once when a peer of this host has ended a run', async () => {
    const paused = Promise.withResolvers<void>()
    const waiting = waitForRun(partsOf(untilWoken(paused.resolve)), {})
    await paused.promise
    await end()
    assert.equal((await waiting).state, 'succeeded')
    assert.equal(looks, 2)
  })

  it('does not miss a ring that comes while it looks', async () => {
    const heard = Promise.withResolvers<void>()
    const { watch } = await import('node:fs')
    const onceWhileLooking = async (): Promise<void> => {
      if (looks > 1) return
      const watcher = watch(endBell, () => heard.resolve())
      await end()
      await heard.promise
      watcher.close()
    }
    const view = await waitForRun(
      partsOf(
        untilWoken(() => {}),
        onceWhileLooking,
      ),
      {},
    )
    assert.equal(view.state, 'succeeded')
  })

  it('looks now and then where no ring can be heard', async () => {
    await writeFile(join(folder, 'files'), 'a file where a folder should be')
    const hasty = { ...systemClock, sleep: async () => void (looks === 3 && (state = 'failed')) }
    assert.equal((await waitForRun(partsOf(hasty), {})).state, 'failed')
    assert.equal(looks, 4)
  })

  it('looks seldom where the end is told of and nobody is shown how far the run is', async () => {
    const pausesOf = async (isRung: boolean, onProgress?: () => void): Promise<number[]> => {
      const pauses: number[] = []
      state = 'running'
      const hasty = {
        ...systemClock,
        monotonicMs: () => 0,
        sleep: async (pauseMs: number) => void (pauses.push(pauseMs) === 2 && (state = 'succeeded')),
      }
      await waitForRun({ ...partsOf(hasty), isRung }, onProgress === undefined ? {} : { onProgress })
      return pauses
    }
    assert.deepEqual(await pausesOf(true), [100, 100])
    assert.deepEqual(await pausesOf(true, () => {}), [5, 5])
    assert.deepEqual(await pausesOf(false), [5, 5])
  })

  it('ends when nobody wants to wait any more, with the run as it is', async () => {
    const gaveUp = new AbortController()
    const view = waitForRun(partsOf(untilWoken(() => gaveUp.abort())), { signal: gaveUp.signal })
    assert.equal((await view).state, 'running')
  })

  it('tells what has changed, once', async () => {
    const told: string[] = []
    const hasty = { ...systemClock, sleep: async () => void (looks === 3 && (state = 'succeeded')) }
    await waitForRun(partsOf(hasty), { onProgress: run => told.push(run.state) })
    assert.deepEqual(told, ['running', 'succeeded'])
  })
})
