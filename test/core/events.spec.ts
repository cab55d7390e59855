import assert from 'node:assert/strict'
import { EventHub } from '../../src/core/events.ts'

interface Events {
  ready: string
  gone: number
}

describe('an event hub', () => {
  it('tells listeners of a kind, in order of registration', () => {
    const hub = new EventHub<Events>()
    const told: string[] = []
    hub.on('ready', event => told.push(`first ${event}`))
    hub.on('ready', event => told.push(`second ${event}`))
    hub.on('gone', event => told.push(`gone ${event}`))
    hub.emit('ready', 'a')
    assert.deepEqual(told, ['first a', 'second a'])
    hub.emit('gone', 5)
    assert.equal(told.at(-1), 'gone 5')
  })

  it('stops telling a listener that ended, also while an event is told', () => {
    const hub = new EventHub<Events>()
    const told: string[] = []
    const endFirst = hub.on('ready', () => {
      told.push('first')
      endFirst()
      endSecond()
    })
    const endSecond = hub.on('ready', () => told.push('second'))
    hub.on('ready', () => told.push('third'))
    hub.emit('ready', '')
    hub.emit('ready', '')
    assert.deepEqual(told, ['first', 'third', 'third'])
  })

  it('does not tell a listener about the event during which it was added', () => {
    const hub = new EventHub<Events>()
    let told = 0
    hub.on('ready', () => void hub.on('ready', () => (told += 1)))
    hub.emit('ready', '')
    assert.equal(told, 0)
  })

  it('ends one registration of a function, not the other', () => {
    const hub = new EventHub<Events>()
    let told = 0
    const count = () => void (told += 1)
    const end = hub.on('ready', count)
    hub.on('ready', count)
    end()
    end()
    hub.emit('ready', '')
    assert.equal(told, 1)
  })

  it('tells the others when a listener throws, and reports the error', () => {
    const errors: unknown[] = []
    const hub = new EventHub<Events>(error => errors.push(error))
    let told = 0
    hub.on('ready', () => {
      throw new Error('mine')
    })
    hub.on('ready', () => (told += 1))
    hub.emit('ready', '')
    assert.equal(told, 1)
    assert.equal((errors[0] as Error).message, 'mine')
  })
})
