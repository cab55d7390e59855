import assert from 'node:assert/strict'
import { MongoNetworkError } from 'mongodb'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { Answers } from '../../../src/ledger/mongo/answers.ts'

describe('repeating a step until it is answered', () => {
  const answers = (withinMs: number) => new Answers({ clock: systemClock, random: systemRandom }, withinMs)

  it('tells a repetition from the first try', async () => {
    const seen: boolean[] = []
    const answer = await answers(5000).ask(async again => {
      seen.push(again)
      if (!again) throw new MongoNetworkError('connection closed')
      return 'done'
    })
    assert.deepEqual([answer, seen], ['done', [false, true]])
  })

  it('lets a try for which nobody waits any more write nothing', async () => {
    let goOn = () => {}
    const gate = new Promise<void>(resolve => (goOn = resolve))
    const left: Promise<string>[] = []
    const asked = answers(20).ask((_again, stillWanted) => {
      const step = (async () => {
        await gate
        stillWanted()
        return 'written'
      })()
      left.push(step)
      return step
    })
    await assert.rejects(asked, { code: 'LF_LEDGER_UNAVAILABLE' })
    goOn()
    for (const step of left) await assert.rejects(step, { code: 'LF_LEDGER_UNAVAILABLE' })
  })

  it('asks no more once it is closed', async () => {
    const closed = answers(5000)
    closed.close()
    await assert.rejects(
      closed.ask(async () => 1),
      { code: 'LF_LEDGER_CLOSED' },
    )
  })
})
