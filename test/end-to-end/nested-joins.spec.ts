import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { notDoneExactlyOnce } from '../../cli/demo/takeovers.ts'
import { RealMesh } from '../support/real-mesh.ts'

/** Each level keeps a thread of its own while it waits. A hundred take half a minute here; in memory they are in every run of the tests. */
const DEPTH = Number(process.env['LF_TEST_JOIN_DEPTH'] ?? 25)

describe('nested joins', function () {
  this.timeout(400_000)
  let mesh: RealMesh

  afterEach(() => mesh?.close())

  it(`complete ${DEPTH} levels deep on one real peer of capacity 1`, async () => {
    mesh = await RealMesh.start(['alpha'], { capacity: 1 })
    const { run } = await mesh.client.start(resolve('test/end-to-end/workflows/nested-joins.ts'), {
      args: { depth: DEPTH },
    })
    const end = await mesh.client.wait(run, { signal: AbortSignal.timeout(360_000) })
    assert.equal(end.state, 'succeeded', JSON.stringify(end))
    const details = await mesh.client.show(run)
    assert.deepEqual(notDoneExactlyOnce(details), [])
    assert.equal(details.dags.length, DEPTH + 1)
    const attempts = details.dags.flatMap(({ tasks }) => tasks.map(task => task.attempts))
    assert.deepEqual(attempts, Array.from({ length: DEPTH + 1 }, () => 1), 'none was tried twice') // oxfmt-ignore
  })
})
