import assert from 'node:assert/strict'
import { settleStopped } from '../../src/node/settle-stopped.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('what is left of a run that was stopped', () => {
  const clock = new ManualClock()

  it('is written for this run alone, until nothing is left', async () => {
    const left = [4, 4, 1, 0, 4]
    const runs: (string | undefined)[] = []
    const settle = async (_limit: number, run?: string): Promise<number> => {
      runs.push(run)
      return left.shift() ?? 0
    }
    await settleStopped({ settle }, 'r', clock)
    assert.deepEqual([runs, left], [['r', 'r', 'r', 'r'], [4]])
  })

  it('is left to the peers when it takes long', async () => {
    let calls = 0
    const settle = async (limit: number): Promise<number> => {
      calls += 1
      await clock.advance(1000)
      return limit
    }
    await settleStopped({ settle }, 'r', clock)
    assert.equal(calls, 3)
  })

  it('does not make the stop fail that is recorded', async () => {
    const settle = (): Promise<number> => Promise.reject(new Error('busy'))
    await settleStopped({ settle }, 'r', clock)
  })
})
