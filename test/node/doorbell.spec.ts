import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { answerDoorbell, ringDoorbell } from '../../src/node/doorbell.ts'
import { eventually } from '../support/eventually.ts'

describe('doorbell', () => {
  let folder: string
  let file: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lightflow-doorbell-'))
    file = join(folder, 'files', 'doorbell')
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('is heard by everybody who listens, ring by ring, and by nobody who has left', async () => {
    const heard = [0, 0]
    const ends = await Promise.all(heard.map((_, who) => answerDoorbell(file, () => (heard[who]! += 1), silentLog)))
    await ringDoorbell(file, systemClock)
    await eventually(() => heard.every(count => count > 0))
    const before = [...heard]
    await ringDoorbell(file, systemClock)
    await eventually(() => heard.every((count, who) => count > before[who]!))
    ends[0]!()
    const [gone] = heard
    await ringDoorbell(file, systemClock)
    await eventually(() => heard[1]! > before[1]! + 1)
    assert.equal(heard[0], gone)
    ends[1]!()
  })

  it('does no harm where nobody listens or nothing can be watched', async () => {
    await ringDoorbell(file, systemClock)
    await writeFile(join(folder, 'files'), 'a file where a folder should be')
    const end = await answerDoorbell(file, () => assert.fail('nothing to hear'), silentLog)
    await ringDoorbell(file, systemClock)
    end()
  })
})
