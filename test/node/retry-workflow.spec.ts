import assert from 'node:assert/strict'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import type { RunRecord } from '../../src/lease/records.ts'
import { retryWorkflow } from '../../src/node/retry-workflow.ts'
import { Bench, dagPlan, id, newTools } from '../ledger/contract/bench.ts'
import { intercept } from '../support/intercept.ts'

const FAILED = { outcome: 'failed', error: { code: 'X', message: 'no beam' } } as const
const DAGS = [dagPlan('main', ['a', 'b'], ['a>b'])]

describe('a retry with corrected code', () => {
  const tools = newTools()
  const code = new TextEncoder().encode('export const corrected = true')
  let ledger: Ledger
  let bench: Bench
  let old: RunRecord

  beforeEach(async () => {
    ledger = openMemoryLedger(tools)
    bench = new Bench(ledger, tools)
    await bench.session('s')
    await bench.submit('r', DAGS)
    await bench.run('s', id('r', 'a'), FAILED)
    old = (await ledger.run('r')) as RunRecord
  })

  afterEach(() => ledger.close())

  const retry = (through: Ledger = ledger, hash = 'corrected') => {
    const parts = { ledger: through, random: tools.random, keep: async () => true, sessions: async () => [] }
    return retryWorkflow(parts, old, { corrected: { plan: old.plan, hash, code } })
  }

  it('is found in the ledger by whoever sees the run', async () => {
    const { run } = await retry()
    assert.equal(run.bundle, 'corrected')
    assert.deepEqual(await ledger.getBundle('corrected'), code)
  })

  it('leaves no code behind when it is refused: both are one write', async () => {
    await retry()
    await assert.rejects(retry(ledger, 'other'), { code: 'LF_RUN_RETRIED' })
    assert.equal(await ledger.getBundle('other'), undefined)
  })

  it('writes nothing but the run', async () => {
    const written: string[] = []
    await retry(
      intercept(ledger, {
        putBundle: (original, ...args) => {
          written.push('bundle')
          return original(...args)
        },
        submit: (original, ...args) => {
          written.push('run')
          return original(...args)
        },
      }),
    )
    assert.deepEqual(written, ['run'])
  })
})
