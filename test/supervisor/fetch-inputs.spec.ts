import assert from 'node:assert/strict'
import { LightflowError } from '../../src/core/errors.ts'
import type { PayloadRef } from '../../src/lease/records.ts'
import { fetchInputs } from '../../src/supervisor/fetch-inputs.ts'

const INPUTS = ['a', 'b', 'c'].map((task, index) => ({ task, slot: null, payload: refOf(task), epoch: index + 1 }))

describe('fetching the inputs of an attempt', () => {
  it('names all that are lost, so that all are made again at the same time', async () => {
    const fetched = await fetch({ a: lost([]), c: lost([]) })
    assert.deepEqual(fetched.lost, [
      { task: 'a', epoch: 1 },
      { task: 'c', epoch: 3 },
    ])
  })

  it('says that one is not lost while a peer lives that may have it, unless it was tried often enough', async () => {
    const errors = { a: lost(['far']), b: lost([]) }
    await assert.rejects(fetch(errors, { alive: ['far'] }), { code: 'LF_PAYLOAD_LOST' })
    assert.equal((await fetch(errors, { alive: [] })).lost?.length, 2)
    assert.equal((await fetch(errors, { alive: ['far'], mayWait: false })).lost?.length, 2)
  })

  it('makes nothing again for a disk that is full here', async () => {
    const full = new LightflowError('LF_PAYLOAD_NOT_KEPT', 'full')
    await assert.rejects(fetch({ a: lost([]), b: full }), { code: 'LF_PAYLOAD_NOT_KEPT' })
  })

  it('gives them in their order', async () => {
    const fetched = await fetch({})
    assert.deepEqual(fetched.lost === null && fetched.inputs.map(({ task }) => task), ['a', 'b', 'c'])
  })
})

function fetch(errors: Record<string, Error>, { alive = [] as string[], mayWait = true } = {}) {
  const get = async ({ hash }: PayloadRef) => {
    const error = errors[hash]
    if (error !== undefined) throw error
    return new Uint8Array()
  }
  const { signal } = new AbortController()
  return fetchInputs(INPUTS, { payloads: { get }, isAlive: peer => alive.includes(peer), mayWait, signal })
}

function lost(undecided: string[]): LightflowError {
  return new LightflowError('LF_PAYLOAD_LOST', 'nobody has it', { facts: { undecided } })
}

function refOf(hash: string): PayloadRef {
  return { hash, sizeBytes: 1, inline: null, holders: ['far'] }
}
