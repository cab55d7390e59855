import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { exitCodeOf, StopSignals } from '../../cli/stop-signals.ts'

describe('stop signals', () => {
  const source = new EventEmitter()
  let now = 0

  it('come one after the other, also when nobody waited yet', async () => {
    const signals = new StopSignals(source, () => now)
    source.emit('SIGTERM')
    now += 1000
    source.emit('SIGINT')
    assert.equal(await signals.next(), 'SIGTERM')
    assert.equal(await signals.next(), 'SIGINT')
    signals.close()
  })

  it('count once when a parent forwards what the terminal has sent already', async () => {
    const signals = new StopSignals(source, () => now)
    now += 1000
    source.emit('SIGINT')
    now += 3
    source.emit('SIGINT')
    now += 1000
    source.emit('SIGTERM')
    assert.equal(await signals.next(), 'SIGINT')
    assert.equal(await signals.next(), 'SIGTERM')
    signals.close()
  })

  it('abort what the first one should end', () => {
    const signals = new StopSignals(source, () => now)
    assert.equal(signals.firstReceived, undefined)
    now += 1000
    source.emit('SIGTERM')
    assert.equal(signals.first.aborted, true)
    assert.equal(signals.firstReceived, 'SIGTERM')
    signals.close()
  })

  it('leave no listeners behind', () => {
    new StopSignals(source).close()
    assert.equal(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM'), 0)
  })

  it('have the exit codes of a shell', () => {
    assert.deepEqual([exitCodeOf('SIGINT'), exitCodeOf('SIGTERM')], [130, 143])
  })
})
