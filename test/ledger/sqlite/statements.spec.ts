import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { LIMIT, NO_LIMIT, preparer } from '../../../src/ledger/sqlite/statements.ts'

describe('statements', () => {
  it('are limited by a bound number, or not at all', () => {
    const db = new DatabaseSync(':memory:')
    db.exec('CREATE TABLE numbers (n INTEGER); INSERT INTO numbers VALUES (1), (2), (3)')
    const numbers = preparer(db)(`SELECT n FROM numbers ORDER BY n ${LIMIT}`)
    const read = (limit: number) => numbers.all(limit).map(({ n }) => n)
    assert.deepEqual([read(2), read(0), read(NO_LIMIT)], [[1, 2], [], [1, 2, 3]])
    db.close()
  })

  it('are never planned anew for a limit', async () => {
    const folder = new URL('../../../src/ledger/sqlite/', import.meta.url)
    for (const name of await readdir(folder)) {
      const plain = (await readFile(new URL(name, folder), 'utf8')).match(/LIMIT \?(?! \+ 0)[^`]*$/m)
      if (name !== 'statements.ts') assert.equal(plain, null, `${name}: write \${LIMIT} in place of ${plain?.[0]}`)
    }
  })
})
