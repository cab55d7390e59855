/**
 * A process of its own that opens a ledger, for tests. Arguments: ledger path, session id, mode.
 * `hold` opens the session and waits to be killed; `work` claims and completes until the run `r` has ended, then prints what it did;
 * `tell` works like that and prints each task as soon as its completion was acknowledged, to be killed at any moment; `submit` submits the run `r`
 * of so many tasks as the next argument says, then goes on writing them, and tells of each step.
 */
import { writeSync } from 'node:fs'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { Bench, DONE, dagPlan, newTools } from '../contract/bench.ts'

const [path = '', session = '', mode, count = '0'] = process.argv.slice(2)
const ledger = await openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
await new Bench(ledger, newTools()).session(session)
process.stdout.write('open\n')
if (mode === 'tell') {
  // Synchronous: what was acknowledged has been told when the process is killed.
  await work(ledger, task => void writeSync(1, `done ${task}\n`))
} else if (mode === 'submit') {
  const names = Array.from({ length: Number(count) }, (_, index) => `t${index}`)
  writeSync(1, 'submits\n')
  await new Bench(ledger, newTools()).submit('r', [dagPlan('main', names, chains(names))])
  writeSync(1, 'submitted\n')
  while ((await ledger.settle(1)) > 0) writeSync(1, 'wrote\n')
  setInterval(() => {}, 1000)
} else if (mode === 'work') {
  process.stdout.write(`${JSON.stringify(await work(ledger))}\n`)
  await ledger.closeSession(session)
  await ledger.close()
} else {
  const held = await ledger.claim(session, [{ task: 'r/main:1/a', claimId: 'held' }])
  process.stdout.write(`holds ${held.length}\n`)
  setInterval(() => {}, 1000)
}

/** The first half of the tasks lead to one of the second half each. */
function chains(names: readonly string[]): string[] {
  const half = Math.floor(names.length / 2)
  return names.slice(half).map((name, index) => `t${index}>${name}`)
}

async function work(ledger: Ledger, acknowledged: (task: string) => void = () => {}): Promise<string[]> {
  const ran: string[] = []
  while ((await ledger.run('r'))?.state === 'running') {
    const { tasks } = await ledger.peekReady(['task'], 20)
    const claims = tasks.map(({ id }) => ({ task: id, claimId: systemRandom.hex(16) }))
    const won = await ledger.claim(session, claims)
    ran.push(...won.map(({ task }) => task.name))
    await Promise.all(
      won.map(async ({ claim, task }) => {
        const { accepted } = await ledger.complete(claim, DONE)
        if (accepted) acknowledged(task.name)
      }),
    )
  }
  return ran
}
