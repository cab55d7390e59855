/** Examples of commands, and of peers that are made for some work. */
import assert from 'node:assert/strict'
import { assertSucceeded, type Example, linesWith } from '../support/example.ts'

const NUMBERS = Array.from({ length: 10 }, (_, index) => index + 1)

export const COMMAND_EXAMPLES: readonly Example[] = [
  {
    name: 'bash',
    async see(run) {
      assertSucceeded(run)
      const said = NUMBERS.map(number => `This is line ${number}`)
      assert.deepEqual(linesWith(run, /^This/), said, 'the log of the task')
      assert.deepEqual(linesWith(run, /^live/), said.map(line => `live: ${line}`)) // oxfmt-ignore
      assert.deepEqual(linesWith(run, /^again/), said.map(line => `again: ${line}`)) // oxfmt-ignore
      assert.equal(linesWith(run, /^The command runs as process \d+$/).length, 1)
      const [lastLive, ended] = [
        run.lines.indexOf('live: This is line 10'),
        run.lines.findIndex(line => line.endsWith('lines:')),
      ]
      assert.ok(lastLive < ended, 'the lines come while the command runs')
      const end = ['The command ended with 0 after 10 lines:', 'On standard error: 0 bytes']
      assert.deepEqual(linesWith(run, /^The command ended|^On/), end)
      assert.deepEqual(await run.data('count'), { lines: 10, lineCount: 10 })
    },
  },
  {
    name: 'queues',
    see(run) {
      assertSucceeded(run)
      const peerOf = (task: string) => run.tasks.find(each => each.task === task)?.peer ?? 'nobody'
      for (const task of ['plan', 'reconstruct', 'mail']) {
        assert.deepEqual(linesWith(run, new RegExp(`^${task}`)), [`${task} runs on ${peerOf(task)}`])
      }
      // The mesh on which the examples run has one peer for each of both queues.
      if (run.isMesh) assert.deepEqual([peerOf('plan'), peerOf('reconstruct')], ['alpha', 'gamma'])
    },
  },
]
