import assert from 'node:assert/strict'
import { type Check, runCheck } from '../../../src/node/doctor/check.ts'
import { LightflowError } from '../../../src/core/errors.ts'
import { ManualClock } from '../../support/manual-clock.ts'

describe('running a check', () => {
  const clock = new ManualClock()
  const tell = () => {}
  const check = (run: Check['run']): Check => ({ name: 'x', limitMs: 1000, run })

  it('gives its lines, and leaves no timer behind', async () => {
    const rows = await runCheck(
      check(async () => [{ name: 'x', state: 'ok', found: 'well' }]),
      { clock, tell },
    )
    assert.deepEqual(rows, [{ name: 'x', state: 'ok', found: 'well' }])
    assert.equal(clock.pending, 0)
  })

  it('fails a check that hangs, and tells it to end', async () => {
    let signal: AbortSignal | undefined
    const running = runCheck(
      check(tools => {
        signal = tools.signal
        return new Promise(() => {})
      }),
      { clock, tell },
    )
    await clock.advance(1000)
    const [row] = await running
    assert.deepEqual([row?.name, row?.state, row?.found], ['x', 'failed', 'not answered within 1 s'])
    assert.equal(signal?.aborted, true)
  })

  it('makes a failed line of a crash, also of one that is thrown at once', async () => {
    const thrown = () => {
      throw new TypeError('undefined is no function')
    }
    const [row] = await runCheck(check(thrown), { clock, tell })
    assert.equal(row?.state, 'failed')
    assert.match(row?.found ?? '', /the check itself failed: undefined is no function/)
  })

  it('keeps the hint of an error that has one', async () => {
    const refuse = async () => {
      throw new LightflowError('LF_X', 'No such thing.', { hint: 'Make it.' })
    }
    const [row] = await runCheck(check(refuse), { clock, tell })
    assert.deepEqual(row, {
      name: 'x',
      state: 'failed',
      found: 'the check itself failed: No such thing',
      hint: 'Make it.',
    })
  })
})
