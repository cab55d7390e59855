import assert from 'node:assert/strict'
import { renameSync, symlinkSync } from 'node:fs'
import { chmod, chown, lstat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ChmodTask, type ChmodTaskOptions } from '../../../src/tasks/chmod-task.ts'
import { ChownTask } from '../../../src/tasks/chown-task.ts'
import { RemoveTask } from '../../../src/tasks/remove-task.ts'
import type { TaskResult } from '../../../src/tasks/task-host.ts'
import { isOpenToOthers } from '../../support/open-to-others.ts'
import { NotingHost } from '../attempts.ts'
import { attempt, type AttemptOptions, TestFolder, told } from './file-tasks.ts'

const isRoot = process.getuid?.() === 0
const itAsRoot = isRoot ? it : it.skip
/** Elsewhere a folder cannot be held. */
const itHeld = process.platform === 'linux' ? it : it.skip
const itHeldAsRoot = isRoot ? itHeld : it.skip
/** Nobody's. */
const USER = 65_534

let folder: TestFolder
describe('tasks for files, as somebody', () => {
  beforeEach(async () => {
    folder = new TestFolder()
    await folder.make({ 'scan/a.tif': 'a', 'scan/raw/b.tif': 'b', 'scan/z/c.tif': 'c' })
  })
  afterEach(() => folder.remove())

  const PLACES = ['scan', 'scan/a.tif', 'scan/raw', 'scan/raw/b.tif', 'scan/z', 'scan/z/c.tif']
  const modeOf = async (name: string): Promise<string> => ((await lstat(folder.at(name))).mode & 0o777).toString(8)
  const modes = (): Promise<string[]> => Promise.all(PLACES.map(modeOf))

  /** What an ordinary user gets; root may do everything. */
  async function asUser(act: () => Promise<TaskResult>): Promise<TaskResult> {
    if (!isRoot) return act()
    process.seteuid?.(USER)
    try {
      return await act()
    } finally {
      process.seteuid?.(0)
    }
  }

  /** Root, in these tests, is an ordinary user to whom the folder belongs. */
  async function giveToUser(): Promise<void> {
    if (!isRoot) return
    await chmod(folder.path, 0o755)
    for (const name of PLACES) await chown(folder.at(name), USER, USER)
  }

  const describeOpen = isOpenToOthers() ? describe : describe.skip

  describeOpen('ChmodTask of an ordinary user', () => {
    beforeEach(giveToUser)
    /** So that an ordinary user can remove it. */
    afterEach(async () => {
      for (const name of ['scan', 'scan/raw', 'scan/z']) await chmod(folder.at(name), 0o700)
    })

    const protect = (options: Partial<ChmodTaskOptions>, how: AttemptOptions = {}): Promise<TaskResult> =>
      asUser(() => attempt(new ChmodTask('protect', { paths: folder.at('scan'), permission: '644', ...options }), how))

    it('closes folders, and can be repeated after that', async () => {
      for (const permission of ['644', '644', '400', '400', '200', '0o000', '000', '640']) {
        assert.equal(told(await protect({ permission })), 'done')
        for (const name of ['scan', 'scan/raw', 'scan/z']) {
          if (!isRoot) continue
          assert.equal(await modeOf(name), Number.parseInt(permission.replace('0o', ''), 8).toString(8))
        }
      }
      if (isRoot) assert.deepEqual(new Set(await modes()), new Set(['640']))
    })

    it('changes what is in a folder that somebody had closed', async () => {
      for (const mode of [0o000, 0o644]) {
        await chmod(folder.at('scan/raw/b.tif'), 0o700)
        await chmod(folder.at('scan/raw'), mode)
        assert.equal(told(await protect({})), 'done')
        await chmod(folder.at('scan'), 0o700)
        await chmod(folder.at('scan/raw'), 0o700)
        assert.deepEqual([await modeOf('scan/raw/b.tif'), await modeOf('scan/z')], ['644', '644'])
        await chmod(folder.at('scan/z'), 0o700)
      }
    })

    itAsRoot('does the rest, and fails, where a folder or a file belongs to somebody else', async () => {
      await chown(folder.at('scan/raw'), 0, 0)
      await chmod(folder.at('scan/raw'), 0o700)
      await chown(folder.at('scan/a.tif'), 0, 0)
      await chmod(folder.at('scan/a.tif'), 0o604)
      for (const permission of ['750', '640']) {
        const host = new NotingHost()
        const result = await protect({ permission }, { host })
        assert.equal(
          told(result),
          `failed LF_FILE_DENIED: The task "protect" could not change the permissions of "${folder.at('scan/a.tif')}", nor 1 more: not permitted.`,
        )
        const why = permission === '750' ? 'EPERM' : 'EACCES'
        assert.deepEqual(host.calls, [
          ['output', 'stderr', `could not change the permissions of ${folder.at('scan/a.tif')} (EPERM)`],
          ['output', 'stderr', `could not change the permissions of ${folder.at('scan/raw')} (${why})`],
        ])
        assert.deepEqual([await modeOf('scan'), await modeOf('scan/z/c.tif')], [permission, permission])
        assert.deepEqual([await modeOf('scan/a.tif'), await modeOf('scan/raw')], ['604', '700'])
      }
    })
  })

  /** Does it at the n-th time that the task looks whether it is to go on: just before it deals with the n-th entry. */
  function before(entry: number, act: () => void): Pick<AttemptOptions, 'isStopped'> {
    let looks = 0
    return {
      isStopped: () => {
        if (++looks === entry) act()
        return false
      },
    }
  }

  function putLink(name: string, to: string): void {
    renameSync(folder.at(name), folder.at('away'))
    symlinkSync(folder.at(to), folder.at(name))
  }

  /** In the order in which they are dealt with. */
  const ENTRIES = ['scan', 'a.tif', 'raw', 'b.tif']
  const SWAPS: [string, string, string][] = [
    ['a.tif', 'scan/a.tif', 'secret/b.tif'],
    ['raw', 'scan/raw', 'secret'],
    ['b.tif', 'scan/raw', 'secret'],
  ]

  describe('a link that somebody puts in the place of a file or a folder', () => {
    beforeEach(async () => {
      await folder.make({ 'secret/b.tif': 'secret' })
      await chmod(folder.at('secret'), 0o700)
      await chmod(folder.at('secret/b.tif'), 0o700)
    })

    for (const [entry, name, to] of SWAPS) {
      const swap = (): Pick<AttemptOptions, 'isStopped'> => before(ENTRIES.indexOf(entry) + 1, () => putLink(name, to))

      itHeld(`leads no ChmodTask astray: ${name} before ${entry}`, async () => {
        for (const permission of ['755', '644']) {
          assert.equal(
            told(await attempt(new ChmodTask('open', { paths: folder.at('scan'), permission }), swap())),
            'done',
          )
          assert.ok((await lstat(folder.at(name))).isSymbolicLink())
          assert.deepEqual([await modeOf('secret'), await modeOf('secret/b.tif')], ['700', '700'])
          assert.equal(await modeOf('scan/z/c.tif'), permission)
          renameSync(folder.at(name), folder.at('link'))
          renameSync(folder.at('away'), folder.at(name))
        }
      })

      itHeldAsRoot(`leads no ChownTask astray: ${name} before ${entry}`, async () => {
        const task = new ChownTask('give', { paths: folder.at('scan'), user: 1234 })
        assert.equal(told(await attempt(task, swap())), 'done')
        const owners = await Promise.all(['secret', 'secret/b.tif', 'scan/z/c.tif'].map(ownerOf))
        assert.deepEqual(owners, [0, 0, 1234])
      })

      itHeld(`leads no RemoveTask astray: ${name} before ${entry}`, async () => {
        const result = await attempt(new RemoveTask('tidy', { paths: folder.at('scan') }), swap())
        assert.deepEqual(await folder.tree('secret'), { 'secret/b.tif': 'secret' })
        // What is put there while one is in the folder is no folder that could be removed.
        if (entry === 'b.tif') assert.equal(result.outcome, 'failed')
      })
    }

    const ownerOf = async (name: string): Promise<number> => (await lstat(join(folder.path, name))).uid

    it('tells of what it cannot do by the path that people know', async () => {
      await symlink('nowhere', folder.at('scan/link'))
      await folder.make({ 'scan/raw/deep/x': 'x' })
      const late = before(ENTRIES.length + 1, () => symlinkSync('nowhere', folder.at('scan/raw/late')))
      const { error } = await attempt(new RemoveTask('tidy', { paths: folder.at('scan') }), late)
      const path = folder.at('scan/raw')
      assert.equal(error?.code, 'LF_FILE_EXISTS')
      assert.match(error?.message ?? '', new RegExp(`the folder is not empty \\(at "${path}"\\)`))
    })
  })
})
