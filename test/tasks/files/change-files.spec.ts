import assert from 'node:assert/strict'
import { chmod, lstat, symlink } from 'node:fs/promises'
import { ChmodTask, type ChmodTaskOptions } from '../../../src/tasks/chmod-task.ts'
import { ChownTask, type ChownTaskOptions } from '../../../src/tasks/chown-task.ts'
import { MakeDirTask } from '../../../src/tasks/make-dir-task.ts'
import { RemoveTask } from '../../../src/tasks/remove-task.ts'
import { input } from '../attempts.ts'
import { attempt, TestFolder, told } from './file-tasks.ts'

const isRoot = process.getuid?.() === 0

let folder: TestFolder
describe('tasks that change files', () => {
  beforeEach(() => {
    folder = new TestFolder()
  })
  afterEach(() => folder.remove())

  const modeOf = async (name: string): Promise<string> => ((await lstat(folder.at(name))).mode & 0o7777).toString(8)

  describe('MakeDirTask', () => {
    it('makes folders and those above them, and leaves those that exist', async () => {
      await folder.make({ 'a/x': 'x' })
      const task = new MakeDirTask('make', { paths: data => data.get<string[]>('paths') })
      const inputs = [input('put', { paths: [folder.at('a'), folder.at('b/c')] })]
      assert.equal(told(await attempt(task, { inputs })), 'done')
      assert.deepEqual(await folder.tree(), { 'a/x': 'x', 'b/c/': '' })
      assert.equal(told(await attempt(task, { inputs, epoch: 2 })), 'done')
    })

    it('fails where a file stands in the place of a folder', async () => {
      await folder.make({ a: 'x' })
      for (const path of [folder.at('a'), folder.at('a/b')]) {
        const { error } = await attempt(new MakeDirTask('make', { paths: path }))
        assert.match(error?.code ?? '', /LF_FILE_(EXISTS|MISSING)/)
        assert.match(error?.message ?? '', /could not make the folder/)
      }
    })

    it('refuses relative paths', () => {
      assert.throws(() => new MakeDirTask('make', { paths: 'a' }), { code: 'LF_TASK_OPTIONS', message: /but got "a"/ })
    })
  })

  describe('RemoveTask', () => {
    it('removes files and folders, and minds nothing that is gone already', async () => {
      await folder.make({ 'scan/raw/a.tif': 'a', 'b.tif': 'b', 'keep.tif': '' })
      const paths = [folder.at('scan/'), folder.at('b.tif'), folder.at('never')]
      assert.equal(told(await attempt(new RemoveTask('tidy', { paths }))), 'done')
      assert.deepEqual(await folder.tree(), { 'keep.tif': '' })
      assert.equal(told(await attempt(new RemoveTask('tidy', { paths }), { epoch: 2 })), 'done')
    })

    it('removes links, also with a slash behind them, and nothing of what they lead to', async () => {
      await folder.make({ 'data/x': 'x', 'scan/': '' })
      await symlink(folder.at('data'), folder.at('scan/out'))
      await symlink(folder.at('data'), folder.at('alias'))
      const paths = [folder.at('scan'), `${folder.at('alias')}/`]
      assert.equal(told(await attempt(new RemoveTask('tidy', { paths }))), 'done')
      assert.deepEqual(await folder.tree(), { 'data/x': 'x' })
    })

    it('refuses the root of all files, however it is written', async () => {
      for (const paths of ['/', '//', '/data/..']) {
        const { error } = await attempt(new RemoveTask('tidy', { paths: () => paths }))
        assert.equal(error?.code, 'LF_FILE_ROOT', paths)
      }
    })

    it('fails for what cannot be removed', async () => {
      await folder.make({ a: 'a' })
      const { error } = await attempt(new RemoveTask('tidy', { paths: folder.at('a', 'b') }))
      assert.match(error?.message ?? '', /could not remove ".*": a part of the path is no folder/)
    })
  })

  describe('ChmodTask', () => {
    const run = (options: Partial<ChmodTaskOptions>) =>
      attempt(new ChmodTask('protect', { paths: folder.at('scan'), permission: '750', ...options }))

    beforeEach(async () => {
      await folder.make({ 'scan/raw/a.tif': 'a', 'scan/b.tif': 'b' })
      for (const name of ['scan', 'scan/raw', 'scan/raw/a.tif', 'scan/b.tif']) await chmod(folder.at(name), 0o700)
    })
    afterEach(async () => {
      for (const name of ['scan', 'scan/raw']) await chmod(folder.at(name), 0o700)
    })

    const modes = async (): Promise<string[]> =>
      Promise.all(['scan', 'scan/raw', 'scan/raw/a.tif', 'scan/b.tif'].map(modeOf))

    it('changes a folder and all that is below it', async () => {
      assert.equal(told(await run({})), 'done')
      assert.deepEqual(await modes(), ['750', '750', '750', '750'])
    })

    it('only what is named, or only folders, when told so', async () => {
      await run({ recursive: false })
      assert.deepEqual(await modes(), ['750', '700', '700', '700'])
      await run({ onlyDirs: true, permission: () => '2775' })
      assert.deepEqual(await modes(), ['2775', '2775', '700', '700'])
    })

    it('can close the folders behind itself, and be repeated after that', async () => {
      assert.equal(told(await run({ permission: '400' })), 'done')
      assert.equal(told(await run({ permission: '400' })), 'done')
      await chmod(folder.at('scan'), 0o700)
      await chmod(folder.at('scan/raw'), 0o700)
      assert.deepEqual(await modes(), ['700', '700', '400', '400'])
    })

    it('leaves links, and what they lead to', async () => {
      await folder.make({ 'secret/x': 'x' })
      await chmod(folder.at('secret'), 0o700)
      await symlink(folder.at('secret'), folder.at('scan/out'))
      await run({})
      assert.equal(await modeOf('secret'), '700')
    })

    it('refuses numbers and what is not octal: 750 is not 0o750', () => {
      for (const permission of [750, '789', 'u+w', '75']) {
        assert.throws(() => new ChmodTask('protect', { paths: '/data', permission: permission as string }), {
          message: /needs an octal text like '750' as "permission"/,
        })
      }
    })

    it('fails for what is not there', async () => {
      const { error } = await run({ paths: folder.at('scam') })
      assert.deepEqual([error?.code], ['LF_FILE_MISSING'])
    })
  })

  describe('ChownTask', () => {
    const run = (options: Partial<ChownTaskOptions>) =>
      attempt(new ChownTask('give', { paths: folder.at('scan'), group: process.getgid?.() ?? 0, ...options }))

    beforeEach(() => folder.make({ 'scan/raw/a.tif': 'a' }))

    it('accepts users and groups by name and by number', async () => {
      assert.equal(told(await run({ user: process.getuid?.() ?? 0 })), 'done')
      assert.equal(told(await run({ user: () => (isRoot ? 'root' : null) })), 'done')
    })

    const itAsRoot = isRoot ? it : it.skip
    itAsRoot('changes a folder and all that is below it, links themselves; user and group apart', async () => {
      await folder.make({ 'secret/x': 'x' })
      await symlink(folder.at('secret'), folder.at('scan/out'))
      assert.equal(told(await run({ user: 1234, group: null })), 'done')
      const ids = async (name: string): Promise<number[]> => {
        const { uid, gid } = await lstat(folder.at(name))
        return [uid, gid]
      }
      assert.deepEqual(await ids('scan/raw/a.tif'), [1234, 0])
      assert.deepEqual(await ids('scan/out'), [1234, 0])
      assert.deepEqual(await ids('secret'), [0, 0])
      await run({ group: 4321, onlyDirs: true })
      assert.deepEqual(
        [await ids('scan/raw'), await ids('scan/raw/a.tif')],
        [
          [1234, 4321],
          [1234, 0],
        ],
      )
    })

    it('needs a user or a group, and knows both', async () => {
      assert.throws(() => new ChownTask('give', { paths: '/data' }), { message: /needs a user or a group/ })
      const neither = await run({ group: () => null })
      assert.match(told(neither), /LF_TASK_PARAMETER: .* needs a user or a group/)
      const { error } = await run({ user: 'nobody-of-this-name' })
      assert.equal(error?.message, 'The task "give" knows no user "nobody-of-this-name" on this peer\'s host.')
    })
  })
})
