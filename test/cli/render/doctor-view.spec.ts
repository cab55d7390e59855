import assert from 'node:assert/strict'
import { doctorProgress, doctorReport } from '../../../cli/render/doctor-view.ts'
import { widthOf } from '../../../cli/render/text.ts'
import type { CheckView } from '../../../src/index.ts'
import { matchesSnapshot, surface, SURFACES } from '../support/snapshot.ts'

const CHECKS: CheckView[] = [
  { name: 'node', state: 'ok', found: 'Node.js 24.21.0, SQLite 3.53.4' },
  {
    name: 'open files',
    state: 'warning',
    found: 'only 256 in one process',
    hint: 'Raise it: `ulimit -n 65536` in the shell, or LimitNOFILE=65536 in the unit file of systemd.',
  },
  {
    name: 'ledger',
    state: 'failed',
    found: `the file /data/${'a-very-long-folder/'.repeat(5)}ledger.sqlite is damaged`,
    hint: 'Stop all peers, keep a copy, and restore a backup.',
  },
]

describe("the doctor's report", () => {
  for (const [name, on] of SURFACES) {
    it(`is drawn as before (${name})`, () => {
      matchesSnapshot(`doctor-${name}`, doctorReport({ checks: CHECKS, ok: false }, on))
    })
  }

  it('fits, whatever was found', () => {
    for (const columns of [40, 80, 140]) {
      const lines = doctorReport({ checks: CHECKS, ok: false }, surface(columns)).split('\n')
      assert.deepEqual(
        lines.filter(line => widthOf(line) > columns),
        [],
      )
    }
  })

  it('says so when all is well', () => {
    assert.match(doctorReport({ checks: CHECKS.slice(0, 1), ok: true }, surface(80)), /All is well: 1 checks?\./)
  })

  it('tells in one line what is still going on', () => {
    const going = [
      { name: 'ledger', doing: 'tasks, 3 of 10 tables' },
      { name: 'multicast', doing: '' },
    ]
    const line = doctorProgress({ done: 6, of: 8, going }, surface(100))
    assert.equal(line, '  checking, 6 of 8 done: ledger (tasks, 3 of 10 tables), multicast')
    assert.ok(widthOf(doctorProgress({ done: 6, of: 8, going }, surface(40))) < 40)
  })
})
