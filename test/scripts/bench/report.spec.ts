import assert from 'node:assert/strict'
import { median, spread } from '../../../scripts/bench/harness/figures.ts'
import type { MachineFacts } from '../../../scripts/bench/harness/machine.ts'
import { keptText, markdownOf, type ReportTable, terminalOf } from '../../../scripts/bench/harness/report.ts'
import { PLAIN } from '../../../cli/render/colours.ts'
import { widthOf } from '../../../cli/render/text.ts'

const TABLE: ReportTable = {
  head: ['', 'chain: 20 tasks, one after the other', 'bulk'],
  rows: [
    ['Lightflow, 1 peer', '90 (78 to 118), 4.50 each', '1180'],
    ['BullMQ, Redis | disk', '47 (33 to 56), 2.35 each', '1092'],
  ],
}
const surface = (columns: number) => ({ columns, palette: PLAIN, unicode: true, now: 0 })

describe('The report of a bench', () => {
  it('is Markdown, with headings, titles and remarks between blank lines', () => {
    const told = markdownOf({ heading: 'tasks', tables: [{ ...TABLE, title: 'Steps' }], remarks: ['Load 3.'] })
    assert.equal(
      told,
      [
        '## tasks',
        '',
        'Steps:',
        '',
        '|  | chain: 20 tasks, one after the other | bulk |',
        '| --- | --- | --- |',
        '| Lightflow, 1 peer | 90 (78 to 118), 4.50 each | 1180 |',
        '| BullMQ, Redis \\| disk | 47 (33 to 56), 2.35 each | 1092 |',
        '',
        'Load 3.',
      ].join('\n'),
    )
  })

  it('is a table as it stands where the terminal is wide enough', () => {
    assert.deepEqual(terminalOf({ tables: [TABLE] }, surface(80)).split('\n'), [
      '                        chain: 20 tasks, one after the other  bulk',
      '  Lightflow, 1 peer                90 (78 to 118), 4.50 each  1180',
      '  BullMQ, Redis | disk              47 (33 to 56), 2.35 each  1092',
    ])
  })

  it('has rows and columns exchanged where that makes it fit', () => {
    const many = { head: ['tasks', 'submitted ms', 'first start ms'], rows: [['1000', '73', '82']] }
    assert.deepEqual(terminalOf({ tables: [many] }, surface(30)).split('\n'), [
      '  tasks           1000',
      '  submitted ms      73',
      '  first start ms    82',
    ])
  })

  it('has a block for each column where nothing else fits', () => {
    assert.deepEqual(terminalOf({ tables: [TABLE] }, surface(60)).split('\n'), [
      'chain: 20 tasks, one after the other',
      '  Lightflow, 1 peer     90 (78 to 118), 4.50 each',
      '  BullMQ, Redis | disk  47 (33 to 56), 2.35 each',
      '',
      'bulk',
      '  Lightflow, 1 peer     1180',
      '  BullMQ, Redis | disk  1092',
    ])
  })

  it('keeps every figure, and no line wider than the terminal', () => {
    for (let columns = 40; columns <= 140; columns++) {
      const told = terminalOf({ tables: [TABLE], remarks: ['words '.repeat(50).trim()] }, surface(columns))
      for (const figure of ['4.50 each', '1180', '2.35 each', '1092'])
        assert(told.replaceAll(/\s+/g, ' ').includes(figure), told)
      for (const line of told.split('\n')) assert(widthOf(line) <= columns, `${columns}: ${line}`)
    }
  })

  it('is kept without the passwords of databases', () => {
    const machine = { cpu: 'one' } as MachineFacts
    const options = { mongodb: 'mongodb://me:secret@host:27017/db?replicaSet=rs', rounds: 3 }
    const kept = JSON.parse(keptText({ bench: 'tasks', options, machine, report: { tables: [], figures: [1] } }))
    assert.deepEqual(kept, {
      bench: 'tasks',
      options: { mongodb: 'mongodb://host:27017/db', rounds: 3 },
      machine: { cpu: 'one' },
      tables: [],
      figures: [1],
    })
  })
})

describe('Figures', () => {
  it('have a median', () => {
    assert.deepEqual([median([]), median([7]), median([9, 1, 5]), median([4, 1, 2, 30])], [undefined, 7, 5, 3])
  })

  it('are told with their spread, but for one alone and for none', () => {
    assert.deepEqual([spread([3, 1, 2], 1), spread([1.25], 2), spread([])], ['2.0 (1.0 to 3.0)', '1.25', '-'])
  })
})
