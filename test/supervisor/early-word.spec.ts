import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { encode, decode } from '../../protocols/msgpack.ts'
import type { ClaimedTask } from '../../src/ledger/ledger.ts'
import { makeEarlyWord, readEarlyWord } from '../../src/supervisor/early-word.ts'

describe('what is said of a task that is being claimed for another peer', () => {
  const inline = new Uint8Array([1, 2, 3])
  const payload = { hash: 'a'.repeat(64), sizeBytes: inline.byteLength, inline, holders: [] }
  const claimed: ClaimedTask = {
    claim: { task: 'r-1/main:1/second', epoch: 3, claimId: 'c'.repeat(32) },
    task: {
      id: 'r-1/main:1/second',
      run: 'r-1',
      dag: 'main:1',
      name: 'second',
      kind: '',
      state: 'claimed',
      queue: 'other',
      effect: 'pure',
      priority: 0,
      retries: 0,
      backoffMs: 0,
      timeoutMs: 5000,
      forceRun: false,
      propagateSkip: true,
      replicas: 2,
      epoch: 3,
      claimId: 'c'.repeat(32),
      owner: 's',
      attempts: 2,
      failures: 0,
      deaths: 0,
      notBefore: null,
      createdAt: 0,
      readyAt: 0,
      claimedAt: 0,
      endedAt: null,
      out: null,
      limit: null,
      error: null,
      history: [],
    },
    run: { id: 'r-1', workflow: 'w', bundle: 'b'.repeat(64), args: { path: '/data', count: 3, dry: true } },
    blueprint: 'main',
    inputs: [{ task: 'first', slot: 'left', payload, epoch: 1 }],
    start: null,
  }
  const word = makeEarlyWord(claimed) ?? assert.fail('it fits')
  const withField = (path: string[], value: unknown): Uint8Array => {
    const said = decode(word) as Record<string, unknown>
    let at = said
    for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>
    at[path.at(-1) ?? ''] = value
    return encode(said)
  }

  it('is what its receiver begins with', () => {
    assert.deepEqual(readEarlyWord(word, 's'), claimed)
  })

  it('says nothing when there is more than fits into a message, or something to fetch', () => {
    const large = { ...payload, sizeBytes: 9000, inline: new Uint8Array(9000) }
    const elsewhere = { ...payload, inline: null, holders: ['p'] }
    for (const given of [large, elsewhere]) {
      assert.equal(
        makeEarlyWord({ ...claimed, inputs: [{ task: 'first', slot: null, payload: given, epoch: 1 }] }),
        undefined,
      )
    }
    assert.equal(makeEarlyWord({ ...claimed, start: payload }), undefined)
  })

  const wrong: [string, string[], unknown][] = [
    ['of another task', ['claim', 'task'], 'r-1/main:1/third'],
    ['without an epoch', ['claim', 'epoch'], 0],
    ['with a claim id that is a path', ['claim', 'claimId'], '../../../../../../../../../../../x'],
    ['of a run whose name is a path', ['run', 'id'], '..'],
    ['of a task whose name is a path', ['name'], '../../x'],
    ['of a DAG whose name is a path', ['dag'], '../x:1'],
    ['with code that has no hash', ['run', 'bundle'], '../../x'],
    ['with a payload that is cut short', ['inputs', '0', 'payload', 'sizeBytes'], 99],
    ['with a payload that is elsewhere', ['inputs', '0', 'payload', 'inline'], null],
    ['with inputs that are none', ['inputs'], 'first'],
    ['with a time limit that is none', ['timeoutMs'], -1],
  ]
  for (const [what, path, value] of wrong) {
    it(`is not believed ${what}`, () => {
      assert.equal(readEarlyWord(withField(path, value), 's'), undefined)
    })
  }

  it('is read without harm whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.anything().map(tryToEncode)), bytes => {
        assert.equal(readEarlyWord(bytes, 's'), undefined)
      }),
    )
  })
})

function tryToEncode(value: unknown): Uint8Array {
  try {
    return encode(value)
  } catch {
    return new Uint8Array(0)
  }
}
