import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { MONGODB_URI, temporaryDatabase } from '../ledger/mongo/temporary-database.ts'
import { RealMesh } from '../support/real-mesh.ts'

const server = MONGODB_URI
if (server !== undefined)
  describe('two peers with one GPU each on a MongoDB ledger', function () {
    this.timeout(60_000)
    const database = temporaryDatabase(server)
    let mesh: RealMesh

    before(async () => {
      const options = { capacity: 3, ledger: database.uri, args: ['--resource', 'gpu=1'] }
      mesh = await RealMesh.start(['alpha', 'beta'], options)
    })

    after(async () => {
      await mesh?.close()
      await database.drop()
    })

    it('each run one task at a time that needs it, both of them, and others beside these', async () => {
      const { run } = await mesh.client.start(resolve('test/end-to-end/workflows/gpus.ts'))
      const end = await mesh.client.wait(run, { signal: AbortSignal.timeout(40_000) })
      assert.deepEqual([end.state, end.tasks], ['succeeded', { done: 12 }])
      const { dags } = await mesh.client.show(run)
      const tasks = dags
        .flatMap(dag => dag.tasks)
        .map(({ task, peer, startedAt, endedAt }) => {
          return { task, peer, startedAt: Date.parse(startedAt ?? ''), endedAt: Date.parse(endedAt ?? '') }
        })
      const fits = tasks.filter(({ task }) => task.startsWith('fit-'))
      const byPeer = Map.groupBy(fits, ({ peer }) => peer)
      assert.deepEqual(new Set(byPeer.keys()), new Set(['alpha', 'beta']))
      for (const [peer, own] of byPeer) {
        const inTurn = own.toSorted((one, other) => one.startedAt - other.startedAt)
        for (const [index, { task, startedAt }] of inTurn.entries()) {
          const before = inTurn[index - 1]
          if (before === undefined) continue
          assert.ok(before.endedAt <= startedAt, `${task} began on ${peer} beside ${before.task}`)
        }
      }
      const isBeside = (plain: (typeof tasks)[number]) =>
        fits.some(({ startedAt, endedAt }) => startedAt <= plain.startedAt && plain.startedAt < endedAt)
      assert.ok(tasks.some(one => one.task.startsWith('plain-') && isBeside(one)))
    })
  })
