/** Examples of what tasks are given and what they leave behind. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { assertSucceeded, type Example, linesWith } from '../support/example.ts'

const FILES = ['a', 'b', ['n1', 'n2'], 'c', 'd']

export const DATA_EXAMPLES: readonly Example[] = [
  {
    name: 'multi-data',
    async see(run) {
      assertSucceeded(run)
      assert.deepEqual(run.lines, ['put: 5', 'square: 25', 'multiply: 125', 'subtract: -120'])
      assert.deepEqual(await run.data('subtract'), { value: -120 })
    },
  },
  {
    name: 'data-store',
    keepData: true,
    async see(run) {
      assertSucceeded(run)
      assert.deepEqual(run.lines, [
        'The number is: 5',
        'The image is 100 x 100',
        'No such thing: no comment',
        'Now the number is: 50',
        `The files are: ${JSON.stringify(FILES)}`,
      ])
      assert.deepEqual([await run.stored('scan.number'), await run.stored('filenames')], [50, FILES])
    },
  },
  {
    name: 'data-store',
    async see(run) {
      assertSucceeded(run)
      if (!run.isMesh) return
      const left = [await run.stored('scan'), await run.stored('filenames')]
      assert.deepEqual(left, [undefined, undefined], 'all is gone at the end unless it is to be kept')
    },
  },
  {
    name: 'parameters',
    args: folder => ({ filepath: join(folder, 'scan.h5'), iterations: '5', recursive: 'no' }),
    refuses: { args: { iterations: '5' }, code: 'LF_ARGUMENT_MISSING', message: /filepath/ },
    see(run) {
      assertSucceeded(run)
      const filepath = `filepath: ${join(run.folder, 'scan.h5')}`
      assert.deepEqual(run.lines, [filepath, 'iterations: 5', 'recursive: false', 'threshold: 0.5', 'comment: none'])
    },
  },
  {
    name: 'timing',
    see(run) {
      assertSucceeded(run)
      const took = linesWith(run, /^(short|longer|longest) on \S+ took \d+\.\d{3} seconds$/)
      assert.deepEqual(took.map(line => line.split(' ', 1)[0]), ['short', 'longer', 'longest']) // oxfmt-ignore
      assert.match(run.lines[3] ?? '', /^print on \S+ is still running$/)
      assert.equal(run.lines.length, 4)
    },
  },
]
