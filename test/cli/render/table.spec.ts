import assert from 'node:assert/strict'
import { table } from '../../../cli/render/table.ts'
import { surface } from '../support/snapshot.ts'

describe('a table', () => {
  it('lines columns up, also with wide characters', () => {
    const lines = table(
      [{ title: 'A' }, { title: 'N', align: 'right' }],
      [
        ['試料', '7'],
        ['x', '12'],
      ],
      surface(80),
    )
    assert.deepEqual(lines, ['  A      N', '  試料   7', '  x     12'])
  })

  it('cuts the widest shrinkable column first, and none below its least width', () => {
    const columns = [{ title: 'A', shrinkTo: 4 }, { title: 'B', shrinkTo: 6 }, { title: 'C' }]
    const lines = table(columns, [['aaaaaaaa', 'bbbbbbbbbbbb', 'cccc']], surface(26))
    assert.equal(lines[1], '  aaaaaaaa  bbbbbbb…  cccc')
    assert.equal(table(columns, [['aaaaaaaa', 'bbbbbbbbbbbb', 'cccc']], surface(10))[1], '  aaa…  bbbbb…  cccc')
  })

  it('leaves out empty columns and those that need a wider terminal', () => {
    const columns = [{ title: 'A' }, { title: 'B' }, { title: 'C', fromColumns: 100 }]
    assert.deepEqual(table(columns, [['a', '', 'c']], surface(80)), ['  A', '  a'])
    assert.deepEqual(table(columns, [['a', '', 'c']], surface(100)), ['  A  C', '  a  c'])
  })
})
