import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { readdir, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { ChmodTask } from '../../../src/tasks/chmod-task.ts'
import { ChownTask } from '../../../src/tasks/chown-task.ts'
import { CopyTask, type CopyTaskOptions } from '../../../src/tasks/copy-task.ts'
import { PartFiles } from '../../../src/tasks/files/part-files.ts'
import { MoveTask, type MoveTaskOptions } from '../../../src/tasks/move-task.ts'
import { RemoveTask } from '../../../src/tasks/remove-task.ts'
import { HandOver } from '../../../src/workflow/signals.ts'
import { context } from '../attempts.ts'
import { attempt, type AttemptOptions, storingHost, TestFolder, told } from './file-tasks.ts'

const OTHER_DEVICE = '/dev/shm'
const hasOtherDevice = ((): boolean => {
  const stats = statSync(OTHER_DEVICE, { throwIfNoEntry: false })
  return stats !== undefined && stats.dev !== statSync(tmpdir()).dev
})()

const SCAN = { 'scan/a.tif': 'a', 'scan/b.tif': 'b', 'scan/raw/c.tif': 'c' }
const TEXTS = { 'a.tif': 'a', 'b.tif': 'b', 'raw/c.tif': 'c' }
const under = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(TEXTS).map(([path, text]) => [`${name}/${path}`, text]))

let folder: TestFolder
let elsewhere: TestFolder
describe('tasks for files, repeated', () => {
  beforeEach(() => {
    folder = new TestFolder()
    elsewhere = new TestFolder(hasOtherDevice ? OTHER_DEVICE : undefined)
  })
  afterEach(() => {
    folder.remove()
    elsewhere.remove()
  })

  /** The peer dies when the task looks for the n-th time whether it is to go on. */
  function deadAfter(looks: number): Pick<AttemptOptions, 'isStopped'> {
    let left = looks
    return {
      isStopped: () => {
        if (left-- <= 0) throw new Error('dead')
        return false
      },
    }
  }

  const copy = (options: Partial<CopyTaskOptions>, how: AttemptOptions) =>
    attempt(new CopyTask('copy', { sources: folder.at('scan'), destination: folder.at('new'), ...options }), how)

  const move = (options: Partial<MoveTaskOptions>, how: AttemptOptions) =>
    attempt(new MoveTask('move', { sources: folder.at('scan'), destination: folder.at('new'), ...options }), how)

  /** As an attempt of the run that tries that of the other tests again. */
  const retried = (taskName: string, epoch = 1): Pick<AttemptOptions, 'context'> => ({
    context: { ...context, runId: 'scan-again', taskName, epoch },
  })

  /** Attempts that die one step later each, until one comes to its end. Resolves with their number. */
  async function untilDone(tryOnce: (epoch: number, how: AttemptOptions) => ReturnType<typeof copy>): Promise<number> {
    for (let steps = 0; ; steps++) {
      const result = await tryOnce(steps + 1, deadAfter(steps))
      if (result.outcome === 'done') return steps
      assert.match(told(result), /: dead$/)
    }
  }

  describe('a CopyTask that gives a folder a new name', () => {
    it('goes on where it was broken off, wherever that was', async () => {
      await folder.make(SCAN)
      const host = storingHost()
      const steps = await untilDone((epoch, how) => copy({}, { host, epoch, ...how }))
      assert.ok(steps > 5)
      assert.deepEqual(await folder.tree(), { ...under('new'), ...under('scan') })
    })

    it('means by its destination what it meant at first, also in a run that tries it again', async () => {
      await folder.make(SCAN)
      const host = storingHost()
      assert.match(told(await copy({}, { host, ...deadAfter(4) })), /: dead$/)
      assert.equal(told(await copy({}, { host, ...retried('copy') })), 'done')
      assert.deepEqual(await folder.tree(), { ...under('new'), ...under('scan') })
    })

    it('decides anew when it is to copy something else', async () => {
      await folder.make({ ...SCAN, 'scan2/d.tif': 'd' })
      const host = storingHost()
      await copy({}, { host })
      await copy({ sources: folder.at('scan2') }, { host, ...retried('copy') })
      assert.deepEqual(await folder.tree('new'), { ...under('new'), 'new/scan2/d.tif': 'd' })
    })

    it('decides nothing, and makes nothing, where there is no folder to put it into', async () => {
      await folder.make(SCAN)
      const host = storingHost()
      const missing = await copy({ destination: folder.at('share', 'new') }, { host })
      assert.match(told(missing), /LF_FILE_MISSING: .* could not copy ".*scan" into ".*share": it does not exist/)
      await folder.make({ 'share/new/': '' })
      assert.equal(told(await copy({ destination: folder.at('share', 'new') }, { host, epoch: 2 })), 'done')
      assert.deepEqual(await folder.tree('share'), under('share/new/scan'))
    })
  })

  describe('a MoveTask that gives a folder a new name', () => {
    it('counts as done when it is repeated after its end', async () => {
      await folder.make(SCAN)
      const host = storingHost()
      for (const epoch of [1, 2]) assert.equal(told(await move({}, { host, epoch })), 'done')
      assert.equal(told(await move({}, { host, ...retried('move') })), 'done')
      assert.deepEqual(await folder.tree(), under('new'))
    })

    const itElsewhere = hasOtherDevice ? it : it.skip
    itElsewhere('goes on where it was broken off, wherever that was, to another device', async () => {
      await folder.make(SCAN)
      const host = storingHost()
      const destination = elsewhere.at('new')
      const steps = await untilDone(async (epoch, how) => {
        const result = await move({ destination }, { host, epoch, ...how })
        const [left, moved] = [await folder.tree(), await elsewhere.tree()]
        for (const [path, text] of Object.entries(TEXTS)) {
          const texts = [left[`scan/${path}`], moved[`new/${path}`]].filter(found => found !== undefined)
          assert.ok(texts.length > 0 && texts.every(found => found === text), `${path} after ${epoch} attempts`)
        }
        return result
      })
      assert.ok(steps > 5)
      assert.deepEqual([await folder.tree(), await elsewhere.tree()], [{}, under('new')])
    })
  })

  describe('a peer that is to leave', () => {
    const leaving = (looks: number): Pick<AttemptOptions, 'isDraining'> => {
      let left = looks
      return { isDraining: () => left-- <= 0 }
    }

    it('hands over what copies and moves; another one goes on with it', async () => {
      await folder.make(SCAN)
      const host = storingHost()
      assert.equal((await copy({}, { host, ...leaving(4) })).outcome, 'handed-over')
      const begun = Object.keys(await folder.tree('new'))
      assert.deepEqual([begun.length < 3, begun.some(name => name.includes('.lf-'))], [true, false])
      assert.equal(told(await copy({}, { host, epoch: 2 })), 'done')
      const sources = [folder.at('scan/a.tif'), folder.at('scan/b.tif')]
      const destination = folder.at('scan/raw')
      assert.equal((await move({ sources, destination }, { host, ...leaving(1) })).outcome, 'handed-over')
      assert.equal(told(await move({ sources, destination }, { host, epoch: 2 })), 'done')
      assert.deepEqual(Object.keys(await folder.tree('scan')), ['scan/raw/a.tif', 'scan/raw/b.tif', 'scan/raw/c.tif'])
      assert.deepEqual(await folder.tree('new'), under('new'))
    })

    it('hands over what removes and changes', async () => {
      await folder.make(SCAN)
      const paths = folder.at('scan')
      const group = process.getgid?.() ?? 0
      for (const task of [
        new ChmodTask('protect', { paths, permission: '750' }),
        new ChownTask('give', { paths, group }),
        new RemoveTask('tidy', { paths }),
      ]) {
        assert.equal((await attempt(task, leaving(3))).outcome, 'handed-over', task.name)
        assert.equal(told(await attempt(task, { epoch: 2 })), 'done', task.name)
      }
      assert.deepEqual(await folder.tree(), {})
    })

    it('hands over what a function among the parameters hands over', async () => {
      const sources = (): never => {
        throw new HandOver()
      }
      assert.equal((await copy({ sources }, { host: storingHost() })).outcome, 'handed-over')
    })
  })

  describe('a run that tries another one again', () => {
    it('goes on with a MoveTask that was half done', async () => {
      await folder.make({ ...SCAN, 'new/': '' })
      const host = storingHost()
      const sources = [folder.at('scan/a.tif'), folder.at('scan/b.tif')]
      assert.match(told(await move({ sources }, { host, ...deadAfter(1) })), /: dead$/)
      assert.deepEqual(Object.keys(await folder.tree('new')), ['new/a.tif'])
      assert.equal(told(await move({ sources }, { host, ...retried('move') })), 'done')
      assert.deepEqual(await folder.tree('new'), { 'new/a.tif': 'a', 'new/b.tif': 'b' })
      await unlink(folder.at('new/a.tif'))
      const gone = await move({ sources }, { host, ...retried('move', 2) })
      assert.equal(gone.error?.code, 'LF_FILE_MISSING', 'gone from both places')
    })

    it('removes what attempts of the runs before it left half-written, and nothing of others', async () => {
      await folder.make({ ...SCAN, 'new/scan/': '' })
      const host = storingHost()
      assert.match(told(await copy({}, { host, ...deadAfter(2) })), /: dead$/)
      const partOf = (taskName: string) => new PartFiles({ ...context, taskName }).nameFor(folder.at('new/scan/b.tif'))
      await writeFile(partOf('copy'), 'half')
      await writeFile(partOf('another'), 'half')
      assert.equal(told(await copy({}, { host, ...retried('copy') })), 'done')
      const left = (await readdir(folder.at('new/scan'))).map(name => folder.at('new/scan', name))
      assert.deepEqual(
        left.filter(path => path.includes('.lf-')),
        [partOf('another')],
      )
    })
  })
})
