/** Examples of what follows what. */
import assert from 'node:assert/strict'
import { assertSucceeded, type Example, linesWith, statesOf } from '../support/example.ts'

export const FLOW_EXAMPLES: readonly Example[] = [
  {
    name: 'simple',
    see(run) {
      assertSucceeded(run)
      assert.match(run.lines[0] ?? '', /^put runs in main:1 of simple on \S+$/)
      assert.deepEqual(run.lines.slice(1), ['The value is: 5'])
    },
  },
  {
    name: 'sequence',
    see(run) {
      assertSucceeded(run)
      const heads = run.lines.map(line => line.replace(/, attempt 1, in main:1 of run \S+$/, ''))
      assert.deepEqual(heads, ['#1: first', '#2: second', '#3: third'])
    },
  },
  {
    name: 'parallel',
    see(run) {
      assertSucceeded(run)
      const [branch, ...rest] = run.lines
      const join = rest.pop()
      assert.equal(branch, 'branch: three lanes follow')
      const lanes = ['lane 1: frames 1 and 4', 'lane 2: frames 2 and 5', 'lane 3: frames 3 and 6']
      assert.deepEqual(rest.toSorted(), lanes, 'the lanes may come in any order, each once')
      assert.equal(join, 'join: 5 + 7 + 9 = 21')
    },
  },
  {
    name: 'branching',
    see(run) {
      assertSucceeded(run)
      const lanes = linesWith(run, /^(left|middle|right)/).toSorted()
      assert.deepEqual(lanes, ['left: the value is 5', 'middle: the value is 5'])
      assert.equal(run.lines.at(-1), 'join: 2 of 3 lanes ran, the value is 5')
      const states = statesOf(run)
      assert.deepEqual([states['left'], states['middle'], states['right']], ['done', 'done', 'skipped'])
    },
  },
  {
    name: 'decision',
    async see(run) {
      assertSucceeded(run)
      const number = (await run.data('measure'))['number'] as number
      const states = statesOf(run)
      const isSmall = number < 0.5
      assert.deepEqual(run.lines, [`${isSmall ? 'Small' : 'Large'} number: ${number}`], 'exactly one of both')
      assert.deepEqual([states['small'], states['large']], isSmall ? ['done', 'skipped'] : ['skipped', 'done'])
    },
  },
  {
    name: 'sub-dag',
    see(run) {
      assertSucceeded(run)
      assert.equal(run.lines[0], 'start in main:1 starts 5 copies')
      assert.equal(run.lines.at(-1), 'All 5 copies have ended')
      const copies = [1, 2, 3, 4, 5].map(count => `sub:${count}: dimensions 100 x 100`)
      assert.deepEqual(run.lines.slice(1, -1).toSorted(), copies)
      assert.deepEqual(run.dags.map(({ dag }) => dag).toSorted(), ['main:1', ...[1, 2, 3, 4, 5].map(n => `sub:${n}`)])
    },
  },
  {
    name: 'chunking-dag',
    see(run) {
      assertSucceeded(run)
      assert.deepEqual(run.lines.toSorted(), [
        'reduce:1: scan_1_001.tif scan_1_002.tif scan_1_003.tif',
        'reduce:2: scan_2_001.tif',
        'reduce:3: scan_2_002.tif',
        'reduce:4: scan_3_001.tif scan_3_002.tif',
      ])
      assert.equal(run.dags.length, 5)
    },
  },
  {
    name: 'abort',
    see(run) {
      assert.equal(run.state, 'aborted')
      assert.deepEqual(run.dags, [{ dag: 'main:1', state: 'aborted' }])
      assert.equal(run.error?.message, 'The sample is too warm: 310 K')
      assert.deepEqual(run.lines, ['collected'])
      assert.deepEqual(statesOf(run), { collect: 'done', check: 'aborted', evaluate: 'cancelled' })
    },
  },
  {
    name: 'stop',
    see(run) {
      assertSucceeded(run)
      assert.deepEqual(linesWith(run, /^number/), ['number 1', 'number 2', 'number 3', 'number 4'])
      assert.deepEqual(linesWith(run, /never|found/), ['found 3'])
      const stopped = run.tasks.filter(({ state }) => state === 'stopped')
      const reasons = stopped.map(({ task, error }) => `${task}: ${error?.message}`).toSorted()
      const expected = ['check: nothing to do', 'count: four numbers are enough', 'search: found what was looked for']
      assert.deepEqual(reasons, expected)
      const states = statesOf(run)
      const after = [states['after-count'], states['after-search'], states['after-check']]
      assert.deepEqual(after, ['skipped', 'done', 'skipped'])
    },
  },
]
