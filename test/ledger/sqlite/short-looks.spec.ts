import assert from 'node:assert/strict'
import type { ClaimedTask, NewRun } from '../../../src/ledger/ledger.ts'
import { sqliteTables } from '../../../src/ledger/sqlite/sqlite-tables.ts'
import type { OperationName } from '../../../src/ledger/transactions/operations.ts'
import { packRun } from '../../../src/ledger/transactions/submit.ts'
import { dagPlan, id, newRun, newSession } from '../contract/bench.ts'
import { type FileWriter, makeFileWriter, writeTo } from './file-writer.ts'

describe('short looks of an SQLite ledger', () => {
  let ledger: FileWriter

  beforeEach(async () => {
    ledger = await makeFileWriter()
  })

  afterEach(() => ledger.remove())

  async function write(name: OperationName, ...args: unknown[]): Promise<unknown> {
    const outcome = await writeTo(ledger.commits, { name, now: 1, args })
    assert.ok('value' in outcome)
    return outcome.value
  }
  const submit = (run: NewRun) => write('submit', packRun(run, run.plan))

  it('tell whether tasks of a DAG follow each other, whichever DAGs were there before it', async () => {
    const lone = () => dagPlan('lone', ['a', 'b'])
    const chain = () => dagPlan('chain', ['a', 'b'], ['a>b'])
    await submit(newRun('r1', [lone(), chain(), { ...lone(), name: 'other' }]))
    await submit(newRun('r2', [lone()]))
    const { hasEdges } = sqliteTables(ledger.database.reader)
    const told = ['lone:1', 'chain:1', 'other:1'].map(dag => hasEdges('r1', dag))
    assert.deepEqual(told, [false, true, false])
    assert.equal(hasEdges('r2', 'lone:1'), false)
    // Of what is not known nothing is left out.
    assert.equal(hasEdges('r3', 'lone:1'), true)
    // As a ledger has them that was brought up to date.
    ledger.database.writer.exec('UPDATE dag_copies SET base = NULL, size = NULL')
    assert.equal(hasEdges('r2', 'lone:1'), true)
  })

  it('tell of one claim only that it holds', async () => {
    await submit(newRun('r', [dagPlan('main', ['a'])]))
    await write('openSession', newSession('s'), [])
    const task = id('r', 'a')
    const claim = async (claimId: string) => {
      const [won] = (await write('claim', 's', [{ task, claimId }])) as ClaimedTask[]
      assert.ok(won !== undefined)
      return won.claim
    }
    const { isHeldBy } = sqliteTables(ledger.database.reader)
    const first = await claim('one')
    assert.equal(isHeldBy(first), true)
    await write('release', first, { reason: 'none', notBefore: null, uncounted: true, begun: false })
    assert.equal(isHeldBy(first), false)
    const second = await claim('two')
    assert.deepEqual([isHeldBy(first), isHeldBy(second)], [false, true])
    assert.equal(isHeldBy({ ...second, epoch: first.epoch }), false)
  })
})
